/// A value of a request's field as JSON has it.
public enum FieldValue: Sendable, Equatable {
  case null
  case text(String)
  /// As it is written, so that whole numbers up to 2^64 - 1 stay what they are.
  case number(String)
  case flag(Bool)
  case list([FieldValue])
  case object([String: FieldValue])
}

/// Values are written as JSON is.
extension FieldValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(booleanLiteral value: Bool) { self = .flag(value) }
  public init(integerLiteral value: Int) { self = .number("\(value)") }
  public init(arrayLiteral elements: FieldValue...) { self = .list(elements) }
  public init(dictionaryLiteral elements: (String, FieldValue)...) {
    self = .object(Dictionary(elements) { first, _ in first })
  }
}

extension FieldValue: Codable {
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? value.decode(Int.self) {
      self = .number("\(number)")
    } else if let number = try? value.decode(UInt64.self) {
      self = .number("\(number)")
    } else if let number = try? value.decode(Double.self) {
      self = .number("\(number)")
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([FieldValue].self) {
      self = .list(list)
    } else if let fields = try? value.decode([String: FieldValue].self) {
      self = .object(fields)
    } else {
      self = .number("a number out of range")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .text(let text): try container.encode(text)
    case .flag(let flag): try container.encode(flag)
    case .list(let list): try container.encode(list)
    case .object(let fields): try container.encode(fields)
    case .number(let text):
      if let number = Int(text) {
        try container.encode(number)
      } else if let number = UInt64(text) {
        try container.encode(number)
      } else if let number = Double(text) {
        try container.encode(number)
      } else {
        try container.encode(text)
      }
    }
  }
}

extension FieldValue {
  /// Canonical JSON: keys in order, no spaces, nothing escaped that need not be.
  public var json: String {
    switch self {
    case .null: "null"
    case .text(let text): Self.quoted(text)
    case .number(let number): number
    case .flag(let flag): "\(flag)"
    case .list(let list): "[\(list.map(\.json).joined(separator: ","))]"
    case .object(let fields):
      "{\(fields.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\($0.value.json)" }.joined(separator: ","))}"
    }
  }

  /// As a cell of a table or a flag's value: text by itself, a list of numbers with commas, all else as JSON. Null is
  /// empty.
  public var plain: String {
    switch self {
    case .null: return ""
    case .text(let text): return text
    case .list(let list):
      let numbers = list.compactMap { if case .number(let number) = $0 { number } else { nil } }
      return numbers.count == list.count && !list.isEmpty ? numbers.joined(separator: ",") : json
    case .number, .flag, .object: return json
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension Double {
  /// Without ".0" for a whole number.
  package var shortest: String { self == rounded() && abs(self) < 1e15 ? "\(Int(self))" : "\(self)" }
}
