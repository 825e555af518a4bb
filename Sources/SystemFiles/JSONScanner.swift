/// Reads JSON (RFC 8259) from bytes, strictly and in one pass. The caller says what it expects
/// next; nothing is stored here, so memory and time stay proportional to the text.
package struct JSONScanner {
  /// Containers within containers; deeper text is refused, so that recursion is bounded.
  private let deepest: Int

  /// Bytes of a key. Comparing text takes time that is quadratic in a run of combining characters.
  package static let longestKey = 1024

  private let bytes: [UInt8]
  private let dialect: JSONDialect
  package private(set) var position = 0
  private var depth = 0

  package init(_ bytes: [UInt8], dialect: JSONDialect = .strict, deepest: Int = 127) {
    (self.bytes, self.dialect, self.deepest) = (bytes, dialect, deepest)
  }

  package func failure(_ message: String, at position: Int? = nil) -> SyntaxError {
    SyntaxError(at: position ?? self.position, message)
  }

  /// Calls `member` with each key; it must read the value.
  package mutating func object(_ member: (inout JSONScanner, String) throws -> Void) throws {
    try container("{", "}") { scanner in
      let key = try scanner.string(atMost: Self.longestKey)
      try scanner.expect(":")
      try member(&scanner, key)
    }
  }

  /// Calls `element` before each element; it must read it.
  package mutating func array(_ element: (inout JSONScanner) throws -> Void) throws {
    try container("[", "]", element)
  }

  /// - Parameter limit: the most bytes that it may have.
  package mutating func string(atMost limit: Int = .max) throws -> String {
    skipSpace()
    let start = position
    let string = try anyString()
    guard string.utf8.count <= limit else { throw failure("a string longer than \(limit) bytes", at: start) }
    return string
  }

  /// A plain non-negative integer: no sign, point, exponent or leading zero.
  package mutating func unsigned() throws -> UInt64 {
    skipSpace()
    let start = position
    var value: UInt64 = 0
    while let digit = peek(), isDigit(digit) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
      if overflow || carry { throw failure("a number larger than 64 bits", at: start) }
      value = sum
      position += 1
    }
    let length = position - start
    let next = peek()
    guard length > 0, length == 1 || bytes[start] != UInt8(ascii: "0"),
      next != UInt8(ascii: "."), next != UInt8(ascii: "e"), next != UInt8(ascii: "E")
    else { throw failure("expected a plain non-negative integer", at: start) }
    return value
  }

  /// Reads `null` if it comes next.
  package mutating func null() throws -> Bool {
    skipSpace()
    guard peek() == UInt8(ascii: "n") else { return false }
    _ = try literal("null", .null)
    return true
  }

  /// Reads any value and drops it.
  package mutating func skipValue() throws {
    skipSpace()
    switch peek() {
    case UInt8(ascii: "{"): try object { scanner, _ in try scanner.skipValue() }
    case UInt8(ascii: "["): try array { try $0.skipValue() }
    default: _ = try value()
    }
  }

  /// Reads any value and keeps it.
  package mutating func value() throws -> JSONValue {
    skipSpace()
    switch peek() {
    case UInt8(ascii: "{"):
      var members: [String: JSONValue] = [:]
      try object { scanner, key in members[key] = try scanner.value() }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { elements.append(try $0.value()) }
      return .list(elements)
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t"): return try literal("true", .flag(true))
    case UInt8(ascii: "f"): return try literal("false", .flag(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return .number(try notFinite() ?? number())
    }
  }

  /// The byte that the next value begins with; nil at the end.
  package mutating func first() -> UInt8? {
    skipSpace()
    return peek()
  }

  /// Nothing but white space may follow.
  package mutating func end() throws {
    skipSpace()
    if position < bytes.count { throw failure("expected the end of the JSON text, found \(found)") }
  }

  // MARK: - Parts

  private mutating func container(
    _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ item: (inout JSONScanner) throws -> Void
  ) throws {
    try expect(open)
    guard depth < deepest else { throw failure("nested deeper than \(deepest) levels") }
    depth += 1
    defer { depth -= 1 }
    skipSpace()
    if peek() == UInt8(ascii: close) {
      position += 1
      return
    }
    while true {
      try item(&self)
      skipSpace()
      if peek() == UInt8(ascii: close) { break }
      guard peek() == UInt8(ascii: ",") else { throw failure("expected ',' or '\(close)', found \(found)") }
      position += 1
    }
    position += 1
  }

  private mutating func anyString() throws -> String {
    try expect("\"")
    let start = position
    while position < bytes.count, bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\""),
      bytes[position] != UInt8(ascii: "\\")
    {
      position += 1
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
      position += 1
      return try text(bytes[start..<(position - 1)], from: start)
    }
    return try escapedString(from: start)
  }

  private mutating func escapedString(from start: Int) throws -> String {
    var unescaped = Array(bytes[start..<position])
    while let byte = peek() {
      if byte < 0x20 { break }
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return try text(unescaped[...], from: start)
      case UInt8(ascii: "\\"): unescaped += try escape().utf8
      default: unescaped.append(byte)
      }
    }
    throw failure("expected the end of a string, found \(found)")
  }

  private mutating func escape() throws -> String {
    guard let byte = peek() else { throw failure("expected an escape, found \(found)") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(Unicode.Scalar(byte))
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return String(try escapedScalar())
    default: throw failure("unknown escape", at: position - 1)
    }
  }

  private mutating func escapedScalar() throws -> Unicode.Scalar {
    let start = position
    var value = try hexadecimal()
    if 0xD800..<0xDC00 ~= value, peek() == UInt8(ascii: "\\"), position + 1 < bytes.count,
      bytes[position + 1] == UInt8(ascii: "u")
    {
      position += 2
      let low = try hexadecimal()
      if 0xDC00..<0xE000 ~= low { value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00) }
    }
    if let scalar = Unicode.Scalar(value) { return scalar }
    guard dialect == .python else { throw failure("half a surrogate pair", at: start) }
    return "\u{FFFD}"
  }

  private mutating func hexadecimal() throws -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = hexadecimalDigit(byte) else {
        throw failure("expected four hexadecimal digits, found \(found)")
      }
      value = value << 4 | digit
      position += 1
    }
    return value
  }

  private func text(_ slice: ArraySlice<UInt8>, from start: Int) throws -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw failure("a string that is not UTF-8", at: start)
    }
    return text
  }

  /// Python's words for numbers that JSON does not have.
  private mutating func notFinite() -> Double? {
    guard dialect == .python else { return nil }
    let words: KeyValuePairs = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity]
    guard let (word, value) = words.first(where: { bytes[position...].starts(with: $0.key.utf8) }) else {
      return nil
    }
    position += word.utf8.count
    return value
  }

  /// Reads a number and keeps it as it is written.
  package mutating func numberText() throws -> String {
    skipSpace()
    let start = position
    if peek() == UInt8(ascii: "-") { position += 1 }
    let whole = digits()
    var valid = whole.count == 1 || (whole.count > 1 && bytes[whole.lowerBound] != UInt8(ascii: "0"))
    if peek() == UInt8(ascii: ".") {
      position += 1
      valid = !digits().isEmpty && valid
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      position += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { position += 1 }
      valid = !digits().isEmpty && valid
    }
    guard valid else {
      position = start
      throw failure("expected a JSON value, found \(found)")
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func number() throws -> Double {
    let text = try numberText()
    guard let number = Double(text) else { throw failure("a number out of range") }
    return number
  }

  private mutating func digits() -> Range<Int> {
    let start = position
    while let byte = peek(), isDigit(byte) { position += 1 }
    return start..<position
  }

  private mutating func literal(_ word: String, _ value: JSONValue) throws -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw failure("expected a JSON value") }
    position += word.utf8.count
    return value
  }

  private mutating func expect(_ scalar: Unicode.Scalar) throws {
    skipSpace()
    guard peek() == UInt8(ascii: scalar) else { throw failure("expected '\(scalar)', found \(found)") }
    position += 1
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  private func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  /// The next byte, for a message.
  private var found: String {
    guard let byte = peek() else { return "the end" }
    return 0x21..<0x7F ~= byte ? "'\(Unicode.Scalar(byte))'" : "byte \(byte)"
  }
}
