import FoundationEssentials

extension GenerationRequest: Codable {
  /// Reads a request; unknown keys are ignored, values outside the limits are taken.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: FieldKey.self)
    self.init(prompt: "")
    var isMissing = true
    for field in RequestField.all {
      guard let key = ([field.key] + field.aliases).lazy.map(FieldKey.init).first(where: fields.contains),
        let value = try fields.decodeIfPresent(FieldValue.self, forKey: key), value != .null
      else { continue }
      guard field.set(value, in: &self, nil) else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: fields, debugDescription: field.refusal(value).description)
      }
      if field.key == FieldKey.prompt.stringValue { isMissing = false }
    }
    guard !isMissing else {
      throw DecodingError.keyNotFound(
        FieldKey.prompt, .init(codingPath: fields.codingPath, debugDescription: "prompt: is missing"))
    }
  }

  /// Writes the fields that are set.
  public func encode(to encoder: any Encoder) throws {
    try fields.encode(to: encoder)
  }

  /// The fields that are set, by their keys.
  var fields: [String: FieldValue] {
    Dictionary(
      uniqueKeysWithValues: RequestField.all.map { ($0.key, $0.value(in: self)) }.filter { $0.1 != .null })
  }

  /// Reads a request from outside.
  /// - Parameter strict: refuse keys that no field has.
  /// - Throws: `DarkroomError` of kind `request`, naming the field and what was expected.
  public init(json: some Sequence<UInt8>, strict: Bool, limits: RequestLimits = .standard) throws {
    guard let values = try? JSONDecoder().decode([String: FieldValue].self, from: Data(json)) else {
      throw DarkroomError(.request, "the request is not a JSON object")
    }
    self.init(prompt: "")
    var seen: [String: String] = [:]
    for (key, value) in values.sorted(by: { $0.key < $1.key }) {
      guard let field = RequestField.named(key) else {
        if strict { throw Self.unknown(key) }
        continue
      }
      if let other = seen.updateValue(key, forKey: field.key) {
        throw DarkroomError(
          .request, field: key, expected: "one of the two", "is the same field as \(other)")
      }
      guard field.set(value, in: &self, limits) else { throw field.refusal(value, limits) }
    }
    guard seen["prompt"] != nil, values["prompt"] != .null else {
      throw DarkroomError(.request, field: "prompt", "is missing")
    }
    try validate(limits)
  }

  private static func unknown(_ key: String) -> DarkroomError {
    let names = RequestField.all.map(\.key)
    return DarkroomError(
      .request, field: String(key.prefix(64)), expected: "one of \(names.sorted().joined(separator: ", "))",
      help: NearNames.question(key, among: names + RequestField.all.flatMap(\.aliases)),
      "no field is called so")
  }
}

/// A key of a request's JSON.
struct FieldKey: CodingKey {
  static let prompt = FieldKey("prompt")
  static let initPicture = FieldKey("init")
  static let mask = FieldKey("mask")
  static let outpaint = FieldKey("outpaint")

  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
