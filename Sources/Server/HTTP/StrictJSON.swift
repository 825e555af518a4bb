import Darkroom
import SystemFiles

/// A JSON body (RFC 8259), read with bounds on what it may hold.
package enum StrictJSON {
  /// Containers within containers.
  static let deepest = 64
  /// A value takes more memory than its two bytes in a list of zeros.
  static let mostValues = 100_000
  /// Of a number; Python and JavaScript write at most 25.
  static let longestNumber = 400

  /// - Throws: an error that names the body's byte and what is wrong there. A key that an object has twice is wrong, as
  ///   readers differ in which one they take; so are a byte order mark and numbers beyond the range of doubles.
  package static func value(_ body: [UInt8]) throws(SyntaxError) -> FieldValue {
    guard !body.starts(with: [0xEF, 0xBB, 0xBF]) else {
      throw SyntaxError(at: 0, "a byte order mark; expected UTF-8 without one")
    }
    do {
      var scanner = JSONScanner(body, deepest: deepest)
      var count = 0
      let value = try value(&scanner, &count)
      try scanner.end()
      return value
    } catch let error as SyntaxError {
      throw error
    } catch {
      throw SyntaxError(at: 0, "\(error)")
    }
  }

  /// - Parameter count: of the values that were read.
  private static func value(_ scanner: inout JSONScanner, _ count: inout Int) throws -> FieldValue {
    count += 1
    guard count <= mostValues else { throw scanner.failure("more than \(mostValues) values") }
    switch scanner.first() {
    case UInt8(ascii: "{"):
      var fields: [String: FieldValue] = [:]
      try scanner.object { scanner, key in
        let value = try value(&scanner, &count)
        guard fields.updateValue(value, forKey: key) == nil else {
          throw scanner.failure("the key \"\(key.prefix(64))\" comes twice in an object")
        }
      }
      return .object(fields)
    case UInt8(ascii: "["):
      var elements: [FieldValue] = []
      try scanner.array { scanner in elements.append(try value(&scanner, &count)) }
      return .list(elements)
    case UInt8(ascii: "\""): return .text(try scanner.string())
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
      let value = try scanner.value()
      return if case .flag(let flag) = value { .flag(flag) } else { .null }
    default: return .number(try number(&scanner))
    }
  }

  /// Whole numbers are written without point and exponent, as `FieldValue` has them from all other readers.
  private static func number(_ scanner: inout JSONScanner) throws -> String {
    let text = try scanner.numberText()
    let start = scanner.position - text.utf8.count
    guard text.utf8.count <= longestNumber else {
      throw scanner.failure("a number with more than \(longestNumber) bytes", at: start)
    }
    if let whole = Int(text) { return "\(whole)" }
    if let whole = UInt64(text) { return "\(whole)" }
    guard let number = Double(text), number.isFinite else {
      throw scanner.failure("a number out of range", at: start)
    }
    return Int(exactly: number).map { "\($0)" } ?? "\(number)"
  }
}
