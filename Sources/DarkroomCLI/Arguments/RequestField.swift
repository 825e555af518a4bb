import Darkroom

/// A field of the request as text: flags, columns of CSV files and fields of JSON lines are read by these rules.
struct RequestField: Sendable {
  /// Whether JSON holds it as text rather than as a number.
  let isText: Bool
  let expected: String
  /// Names to guess from when a value is wrong.
  var choices: [String] = []
  /// Takes the value; false if it is not a possible one.
  let set: @Sendable (inout GenerationRequest, String) -> Bool

  static func of(_ key: GenerationRequest.CodingKeys) -> RequestField {
    switch key {
    case .prompt: text { $0.prompt = $1 }
    case .negativePrompt: text { $0.negativePrompt = $1 }
    case .sampler: name(Catalogue.samplers.map(\.name), Catalogue.hasSampler) { $0.sampler = $1 }
    case .schedule: name(Catalogue.schedules.map(\.name), Catalogue.hasSchedule) { $0.schedule = $1 }
    case .steps: integer(GenerationRequest.Limits.steps) { $0.steps = $1 }
    case .guidanceScale: number(GenerationRequest.Limits.guidanceScale) { $0.guidanceScale = $1 }
    case .guidanceRescale: number(GenerationRequest.Limits.guidanceRescale) { $0.guidanceRescale = $1 }
    case .guidanceStart: number(GenerationRequest.Limits.guidanceStart) { $0.guidanceStart = $1 }
    case .guidanceEnd: number(GenerationRequest.Limits.guidanceEnd) { $0.guidanceEnd = $1 }
    case .width: side { $0.width = $1 }
    case .height: side { $0.height = $1 }
    case .seed: seed
    case .count: integer(GenerationRequest.Limits.count) { $0.count = $1 }
    case .clipSkip: integer(GenerationRequest.Limits.clipSkip) { $0.clipSkip = $1 }
    case .eta: number(GenerationRequest.Limits.eta) { $0.eta = $1 }
    case .system: choice { $0.system = $1 }
    case .noise: choice { $0.noise = $1 }
    case .batchNoise: choice { $0.batchNoise = $1 }
    case .stepNoise: choice { $0.stepNoise = $1 }
    case .batchPlace: batchPlace
    case .promptSyntax: choice { $0.promptSyntax = $1 }
    case .promptMode: choice { $0.promptMode = $1 }
    case .precision: choice { $0.precision = $1 }
    case .secondPass: choice { $0.secondPass = $1 }
    }
  }

  /// Pixels of `WIDTHxHEIGHT`; nil if it is not that.
  static func size(_ text: String) -> (width: Int, height: Int)? {
    let sides = text.split(omittingEmptySubsequences: false) { $0 == "x" || $0 == "X" }.map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1], isSide(width), isSide(height)
    else { return nil }
    return (width, height)
  }

  static let sideExpected: String = {
    let (range, multiple) = (GenerationRequest.Limits.side, GenerationRequest.Limits.sideMultiple)
    return "a multiple of \(multiple) from \(range.lowerBound) to \(range.upperBound)"
  }()

  private static func isSide(_ pixels: Int) -> Bool {
    GenerationRequest.Limits.side.contains(pixels) && pixels % GenerationRequest.Limits.sideMultiple == 0
  }
}

extension RequestField {
  private typealias Assign<Value> = @Sendable (inout GenerationRequest, Value) -> Void

  private static func text(_ assign: @escaping Assign<String>) -> RequestField {
    let limit = GenerationRequest.Limits.promptCharacters
    return RequestField(isText: true, expected: "at most \(limit) characters") { request, text in
      guard text.unicodeScalars.count <= limit else { return false }
      assign(&request, text)
      return true
    }
  }

  private static func parsed<Value>(
    expected: String, _ parse: @escaping @Sendable (String) -> Value?, _ assign: @escaping Assign<Value>
  ) -> RequestField {
    RequestField(isText: false, expected: expected) { request, text in
      guard let value = parse(text) else { return false }
      assign(&request, value)
      return true
    }
  }

  private static func integer(_ range: ClosedRange<Int>, _ assign: @escaping Assign<Int>) -> RequestField {
    parsed(
      expected: "\(range.lowerBound) to \(range.upperBound)",
      { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }, assign)
  }

  private static func number(_ range: ClosedRange<Double>, _ assign: @escaping Assign<Double>) -> RequestField
  {
    parsed(
      expected: "\(Int(range.lowerBound)) to \(Int(range.upperBound))",
      { text in Double(text).flatMap { range.contains($0) ? $0 : nil } }, assign)
  }

  private static func side(_ assign: @escaping Assign<Int>) -> RequestField {
    parsed(expected: sideExpected, { text in Int(text).flatMap { isSide($0) ? $0 : nil } }, assign)
  }

  private static var seed: RequestField {
    parsed(expected: "a whole number from 0 to 2^64 - 1", { UInt64($0) }, { $0.seed = $1 })
  }

  private static var batchPlace: RequestField {
    RequestField(isText: true, expected: "a picture and a number of pictures such as 2/4") { request, text in
      guard let place = GenerationRequest.BatchPlace(text) else { return false }
      request.batchPlace = place
      return true
    }
  }

  private static func name(
    _ names: [String], _ isKnown: @escaping @Sendable (String) -> Bool, _ assign: @escaping Assign<String>
  ) -> RequestField {
    RequestField(
      isText: true, expected: "one of \(names.joined(separator: ", "))", choices: names
    ) { request, text in
      guard isKnown(text) else { return false }
      assign(&request, text)
      return true
    }
  }

  private static func choice<Value: CaseIterable & RawRepresentable<String> & SendableMetatype>(
    _ assign: @escaping Assign<Value>
  ) -> RequestField {
    let names = Value.allCases.map(\.rawValue)
    return RequestField(
      isText: true, expected: "one of \(names.joined(separator: ", "))", choices: names
    ) { request, text in
      guard let value = Value(rawValue: text) else { return false }
      assign(&request, value)
      return true
    }
  }
}
