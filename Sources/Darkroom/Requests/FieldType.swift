/// How values of a type are read, written and limited.
struct FieldType<Value: Sendable>: Sendable {
  let kind: RequestField.Kind
  /// Whether a value stands for none, besides null.
  var isNothing: @Sendable (FieldValue) -> Bool = { _ in false }
  /// Nil if it is no value of this type.
  let read: @Sendable (FieldValue) -> Value?
  let write: @Sendable (Value) -> FieldValue
  let expected: @Sendable (RequestLimits) -> String
  var contains: @Sendable (Value, RequestLimits) -> Bool = { _, _ in true }
  /// Whether a name is one of the known: which is asked where names are typed, since systems have their own.
  var isKnown: @Sendable (Value) -> Bool = { _ in true }
  var range: @Sendable (RequestLimits) -> ClosedRange<Double>? = { _ in nil }
  /// A value in an error.
  var found: @Sendable (Value) -> String = { "\($0)" }
  /// Possible values near one that is not, in words.
  var nearest: @Sendable (Value, RequestLimits) -> String? = { _, _ in nil }
  var choices: [String] = []
}

extension FieldType<Int> {
  static func integer(_ range: @escaping @Sendable (RequestLimits) -> ClosedRange<Int>) -> FieldType {
    FieldType(
      kind: .integer, read: Self.read, write: { .number("\($0)") },
      expected: { "\(range($0).lowerBound) to \(range($0).upperBound)" },
      contains: { range($1).contains($0) },
      range: { Double(range($0).lowerBound)...Double(range($0).upperBound) })
  }

  static var side: FieldType {
    FieldType(
      kind: .integer, read: Self.read, write: { .number("\($0)") },
      expected: { "a multiple of \($0.sideMultiple) from \($0.side.lowerBound) to \($0.side.upperBound)" },
      contains: { $1.side.contains($0) && $0 % $1.sideMultiple == 0 },
      range: { Double($0.side.lowerBound)...Double($0.side.upperBound) },
      nearest: { $1.nearestSides(to: $0, multiple: $1.sideMultiple) })
  }

  @Sendable private static func read(_ value: FieldValue) -> Int? {
    if case .number(let text) = value { Int(text) } else { nil }
  }
}

extension FieldType<Double> {
  static func number(_ range: @escaping @Sendable (RequestLimits) -> ClosedRange<Double>) -> FieldType {
    FieldType(
      kind: .number, read: { if case .number(let text) = $0 { Double(text) } else { nil } },
      write: { .number($0.shortest) },
      expected: { "\(range($0).lowerBound.shortest) to \(range($0).upperBound.shortest)" },
      contains: { range($1).contains($0) }, range: range)
  }
}

extension FieldType<UInt64> {
  static var seed: FieldType {
    FieldType(
      kind: .integer, isNothing: { $0 == .number("-1") }, read: Self.read, write: { .number("\($0)") },
      expected: { _ in "a whole number from 0 to 2^64 - 1, or -1 for a random one" })
  }

  @Sendable fileprivate static func read(_ value: FieldValue) -> UInt64? {
    if case .number(let text) = value { UInt64(text) } else { nil }
  }
}

extension FieldType<[UInt64]> {
  static var seeds: FieldType {
    FieldType(
      kind: .list,
      read: { value in
        guard case .list(let list) = value else { return nil }
        let seeds = list.compactMap(FieldType<UInt64>.read)
        return seeds.count == list.count ? seeds : nil
      },
      write: { .list($0.map { .number("\($0)") }) },
      expected: { "1 to \($0.count.upperBound) whole numbers from 0 to 2^64 - 1 with commas" },
      contains: { (1...$1.count.upperBound).contains($0.count) }, found: { "a list of \($0.count)" })
  }
}

extension FieldType<Margins> {
  /// Left, right, up and down, as a list.
  static var margins: FieldType {
    FieldType(
      kind: .list,
      read: { value in
        guard case .list(let list) = value, list.count == 4 else { return nil }
        let sides = list.compactMap { if case .number(let text) = $0 { Int(text) } else { nil } }
        return sides.count == 4 ? Margins(left: sides[0], right: sides[1], up: sides[2], down: sides[3]) : nil
      },
      write: { .list($0.sides.map { .number("\($0)") }) },
      expected: {
        "pixels on the left, the right, above and below with commas, multiples of \($0.sideMultiple) up to \($0.side.upperBound), not all 0"
      },
      contains: { margins, limits in
        margins != Margins()
          && margins.sides.allSatisfy {
            (0...limits.side.upperBound).contains($0) && $0 % limits.sideMultiple == 0
          }
      }, found: { $0.sides.map(String.init).joined(separator: ",") })
  }
}

extension Margins {
  fileprivate var sides: [Int] { [left, right, up, down] }
}

extension FieldType<UpscalerReference> {
  static var upscaler: FieldType {
    let filters = Enlargement.filters.joined(separator: ", ")
    return FieldType(
      kind: .text, read: { UpscalerReference($0) }, write: { $0.fieldValue },
      expected: { _ in "\(filters), \(UpscalerSource.builtIn.name) or the name or file of another upscaler" },
      contains: { reference, _ in !reference.name.isEmpty }, found: { $0.name })
  }
}

extension FieldType<[WeightedPrompt]> {
  static var prompts: FieldType {
    FieldType(
      kind: .list,
      read: { value in
        guard case .list(let list) = value else { return nil }
        let prompts = list.compactMap { WeightedPrompt($0) }
        return prompts.count == list.count ? prompts : nil
      },
      write: { .list($0.map(\.fieldValue)) },
      expected: {
        "at most \($0.prompts) of {\"text\": \"…\", \"weight\": 1} in a JSON list, with at most \($0.promptCharacters) characters and weights from -\($0.promptWeight.shortest) to \($0.promptWeight.shortest)"
      },
      contains: { prompts, limits in
        prompts.count <= limits.prompts
          && prompts.allSatisfy {
            $0.text.unicodeScalars.count <= limits.promptCharacters && abs($0.weight) <= limits.promptWeight
          }
      }, found: { "a list of \($0.count)" })
  }
}

extension FieldType<String> {
  static var text: FieldType {
    FieldType(
      kind: .text, read: Self.read, write: { .text($0) },
      expected: { "at most \($0.promptCharacters) characters" },
      contains: { $0.unicodeScalars.count <= $1.promptCharacters },
      found: { "a text of \($0.unicodeScalars.count) characters" })
  }

  static func name(_ names: [String], _ isKnown: @escaping @Sendable (String) -> Bool) -> FieldType {
    FieldType(
      kind: .name, read: Self.read, write: { .text($0) },
      expected: { _ in "one of \(names.joined(separator: ", "))" }, isKnown: isKnown, choices: names)
  }

  @Sendable private static func read(_ value: FieldValue) -> String? {
    if case .text(let text) = value { text } else { nil }
  }
}

extension FieldType where Value: CaseIterable & RawRepresentable<String> & SendableMetatype {
  static var choice: FieldType { choice([:]) }

  /// - Parameter aliases: names of other programs.
  static func choice(_ aliases: [String: Value]) -> FieldType {
    let names = Value.allCases.map(\.rawValue)
    return FieldType(
      kind: .name,
      read: { if case .text(let text) = $0 { Value(rawValue: text) ?? aliases[text] } else { nil } },
      write: { .text($0.rawValue) }, expected: { _ in "one of \(names.joined(separator: ", "))" },
      found: { $0.rawValue }, choices: names)
  }
}

extension FieldType<GenerationRequest.BatchPlace> {
  static var batchPlace: FieldType {
    FieldType(
      kind: .text,
      read: { if case .text(let text) = $0 { GenerationRequest.BatchPlace(text) } else { nil } },
      write: { .text($0.description) },
      expected: { _ in "a picture and a number of pictures such as 2/4" })
  }
}
