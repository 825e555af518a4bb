/// The text that A1111's web UI writes into pictures: a prompt, a negative prompt, and a line of `Name: value` pairs
/// with commas between them, of which values with commas stand in quotes.
package struct A1111Text: Sendable, Equatable {
  package struct Field: Sendable, Equatable {
    package let name: String
    package let value: String
  }

  /// What it calls the ways to fill what is masked.
  static let maskFills: [GenerationRequest.MaskFill: String] = [
    .original: "original", .blur: "fill", .noise: "latent noise", .none: "latent nothing",
  ]

  package private(set) var prompt: String
  package private(set) var negativePrompt = ""
  package private(set) var fields: [Field] = []

  package init(_ text: String) {
    var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
    while lines.last?.isEmpty == true { lines.removeLast() }
    if let last = lines.last, last.hasPrefix("Steps: ") {
      fields = Self.fields(of: last)
      lines.removeLast()
    }
    let mark = "Negative prompt: "
    if let start = lines.firstIndex(where: { $0.hasPrefix(mark) }) {
      negativePrompt = lines[start...].joined(separator: "\n").dropFirst(mark.count).description
      lines.removeSubrange(start...)
    }
    prompt = lines.joined(separator: "\n")
  }

  subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  mutating func replaceFields(with fields: [Field]) { self.fields = fields }

  private static func fields(of line: String) -> [Field] {
    // stable-diffusion.cpp ends with all that it was told as JSON, which is no list of pairs.
    let line = line.firstRange(of: ", SDCPP: {").map { line[..<$0.lowerBound] } ?? line[...]
    var parts = [""]
    var (isQuoted, isEscaped) = (false, false)
    for character in line {
      if character == ",", !isQuoted {
        parts.append("")
        continue
      }
      if character == "\"", !isEscaped { isQuoted.toggle() }
      isEscaped = character == "\\" && !isEscaped
      parts[parts.count - 1].append(character)
    }
    return parts.compactMap { part in
      guard let colon = part.firstIndex(of: ":") else { return nil }
      return Field(name: trimmed(part[..<colon]), value: trimmed(part[part.index(after: colon)...]))
    }
  }

  private static func trimmed(_ text: Substring) -> String {
    String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

extension GenerationRequest {
  /// A request by A1111's rules: names, prompt syntax, and the numbers of a GPU, which it takes without a word.
  package init(a1111 prompt: String, negativePrompt: String) {
    self.init(prompt: prompt)
    self.negativePrompt = negativePrompt
    (system, promptSyntax, secondPass, noise) = (.a1111, .a1111, .never, .nvidia)
  }

  /// A1111's hires fix: the size becomes that of the second pass, and the strength belongs to it.
  /// - Parameters:
  ///   - scale: of the size so far, which is that of the first pass.
  ///   - steps: of the second pass; 0 for as many as in the first.
  package mutating func addHiresFix(scale: Double, steps: Int) {
    guard let width, let height else { return }
    let small = [width, height]
    // A little more, since a quotient of two sides times one of them may be just below the other.
    let large = small.map { Int(Double($0) * scale + 1e-6) / 8 * 8 }
    (self.width, self.height) = (large[0], large[1])
    // The large sides are cut to whole latents, so that the scale itself may miss the first pass.
    let exact = zip(large, small).map { Double($0) / Double($1) }
    let scales = [scale, exact[0], exact[1], (exact[0] + exact[1]) / 2]
    secondPassScale =
      scales.first { scale in large.map { Self.firstSide(of: $0, scale, 8) } == small } ?? scale
    (secondPass, secondPassStrength, strength) = (.auto, strength, nil)
    if steps > 0 { secondPassSteps = steps }
  }

  /// What A1111's text says, as far as it is understood.
  /// - Throws: as the next one.
  package init(infotext: String) throws {
    var leftOut: [String] = []
    try self.init(A1111Text(infotext), leftOut: &leftOut)
  }

  /// Reads A1111's text by its own rules: names, noise, prompt syntax, and how it counts clip skip. Those of
  /// stable-diffusion.cpp are the same.
  /// - Parameter leftOut: gets the names of the fields that are not understood.
  /// - Throws: `DarkroomError` of kind `request` for a value that is not possible here.
  init(_ text: A1111Text, leftOut: inout [String]) throws {
    self.init(a1111: text.prompt, negativePrompt: text.negativePrompt)
    for field in text.fields {
      let value = try Self.understood(field, in: &self)
      if !value { leftOut.append(field.name) }
    }
    try setSecondPass(text)
    try validate()
  }

  private mutating func setSecondPass(_ text: A1111Text) throws {
    var scale = text["Hires upscale"].flatMap(Double.init)
    if let resize = text["Hires resize"], let wanted = Double(resize.prefix { $0 != "x" }) {
      scale = width.map { wanted / Double($0) }
    }
    guard let scale, scale.isFinite, RequestLimits.standard.secondPassScale.contains(scale) else { return }
    addHiresFix(scale: scale, steps: text["Hires steps"].flatMap { Int($0) } ?? 0)
  }

  /// - Returns: whether the field has a meaning here.
  private static func understood(_ field: A1111Text.Field, in request: inout GenerationRequest) throws -> Bool
  {
    func set(_ key: String, _ text: String) throws {
      guard let row = RequestField.named(key) else { return }
      let value = row.value(ofText: text)
      guard row.set(value, in: &request) else { throw row.refusal(value) }
    }
    func setSides(_ width: String, _ height: String) throws {
      let sides = field.value.split(separator: "x", omittingEmptySubsequences: false).map(String.init)
      try set(width, sides.first ?? "")
      try set(height, sides.dropFirst().joined(separator: "x"))
    }
    switch field.name {
    // Neither decides the picture; a batch's pictures each have their own seed.
    case "Version", "Batch size", "Batch pos": return true
    case "Hires upscale", "Hires resize", "Hires steps": return true
    case "Model", "Model hash", "VAE", "VAE hash": return true
    case "Size": try setSides("width", "height")
    case "Masked content":
      request.maskFill = A1111Text.maskFills.first { $0.value == field.value }?.key
      return request.maskFill != nil
    case "Inpaint area": request.inpaintArea = field.value == "Only masked" ? .masked : .whole
    case "Seed resize from": try setSides("seed_width", "seed_height")
    case "Clip skip": try set("clip_skip", Int(field.value).map { "\(max(0, $0 - 1))" } ?? field.value)
    case "RNG": request.noise = field.value == "CPU" ? .torchCPU : .nvidia
    default:
      // A sampler's name may hold the schedule, as it once did; what has no such name fails when it is looked up.
      if field.name == "Sampler" {
        request.sampler = field.value
      } else if field.name == "Schedule type" {
        request.schedule = field.value
      } else if let row = RequestField.all.first(where: { $0.a1111 == field.name }) {
        try set(row.key, field.value)
      } else {
        return false
      }
    }
    return true
  }
}
