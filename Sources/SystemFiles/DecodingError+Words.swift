/// What a JSON decoder finds wrong, without the names of this program's types.
extension DecodingError {
  /// Where in the text, as `unet[1].name`; empty for the whole of it.
  package var place: String {
    switch self {
    case .keyNotFound(let key, let context): Self.place(context.codingPath + [key])
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      Self.place(context.codingPath)
    @unknown default: ""
    }
  }

  /// What is wrong there, and what was expected.
  package var problem: String {
    switch self {
    case .keyNotFound: "is missing"
    case .typeMismatch(let type, _), .valueNotFound(let type, _): "expected \(Self.noun(type))"
    case .dataCorrupted(let context):
      // What Foundation says of any text that is none.
      context.debugDescription == "The given data was not valid JSON."
        ? "is not valid JSON: a bracket, comma or quotation mark may be missing" : context.debugDescription
    @unknown default: "cannot be read as JSON"
    }
  }

  /// Both in one.
  package var inWords: String { place.isEmpty ? problem : "\(place): \(problem)" }

  private static func place(_ keys: [any CodingKey]) -> String {
    keys.reduce(into: "") { place, key in
      place += key.intValue.map { "[\($0)]" } ?? (place.isEmpty ? key.stringValue : ".\(key.stringValue)")
    }
  }

  /// What a value of the type is called in a JSON text.
  package static func noun(_ type: Any.Type) -> String {
    switch type {
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is Double.Type, is Float.Type: "a number"
    case is any BinaryInteger.Type: "a whole number"
    case is any ExpressibleByDictionaryLiteral.Type: "an object"
    case is any Collection.Type: "a list"
    default: "an object"
    }
  }
}
