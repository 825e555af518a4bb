/// A JSON value of any kind.
package enum JSONValue: Sendable, Equatable {
  case null
  case flag(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  /// - Parameter text: a JSON text; of equal keys the last one counts.
  /// - Throws: an error whose description names the byte at fault.
  package init(_ text: [UInt8]) throws {
    var scanner = JSONScanner(text)
    self = try scanner.value()
    try scanner.end()
  }

  /// Those of an object; nil for other values.
  package var fields: [String: JSONValue]? { if case .object(let fields) = self { fields } else { nil } }
}
