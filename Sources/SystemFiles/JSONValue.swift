/// A JSON value of any kind.
package enum JSONValue: Sendable, Equatable {
  case null
  case flag(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  /// - Parameters:
  ///   - text: a JSON text; of equal keys the last one counts.
  ///   - dialect: `python` for files that Python's `json` writes by default.
  /// - Throws: an error whose description names the byte at fault.
  package init(_ text: [UInt8], dialect: JSONDialect = .strict) throws {
    var scanner = JSONScanner(text, dialect: dialect)
    self = try scanner.value()
    try scanner.end()
  }

  /// Those of an object; nil for other values.
  package var fields: [String: JSONValue]? { if case .object(let fields) = self { fields } else { nil } }
}

/// Which texts are taken for JSON.
package enum JSONDialect: Sendable {
  /// RFC 8259 alone.
  case strict
  /// Also what Python's `json` module writes and reads beside it: `NaN`, `Infinity` and `-Infinity`, numbers beyond the
  /// range of doubles as infinity, and halves of surrogate pairs, by which it writes file names that are not UTF-8.
  case python
}

extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByStringLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral
{
  package init(booleanLiteral value: Bool) { self = .flag(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(integerLiteral value: Int) { self = .number(Double(value)) }
  package init(stringLiteral value: String) { self = .text(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSONValue...) { self = .list(elements) }
}

extension JSONValue: CustomStringConvertible {
  /// As it stands in a file, for messages; long lists and objects in short.
  package var description: String {
    switch self {
    case .null: "null"
    case .flag(let value): "\(value)"
    case .number(let value): Int(exactly: value).map { "\($0)" } ?? "\(value)"
    case .text(let value): "\"\(value.prefix(64))\""
    case .list(let values) where values.count > 8: "a list of \(values.count)"
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .object: "an object"
    }
  }
}
