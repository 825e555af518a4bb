/// Walks through the bytes of a file and throws where they end too early.
struct ByteReader {
  enum Order { case bigEndian, littleEndian }

  let bytes: ArraySlice<UInt8>
  /// Counted from the first byte.
  private(set) var offset = 0
  var order: Order
  /// For errors.
  private let format: PictureFormat

  init(_ bytes: ArraySlice<UInt8>, _ order: Order, format: PictureFormat) {
    self.bytes = bytes
    self.order = order
    self.format = format
  }

  var left: Int { bytes.count - offset }

  mutating func take(_ count: Int, _ what: String) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= left else { throw malformed("\(count) bytes of \(what)") }
    let start = bytes.startIndex + offset
    offset += count
    return bytes[start..<(start + count)]
  }

  /// A reader of its own for the next bytes; its offsets in errors are those of `self`.
  mutating func part(_ count: Int, _ what: String) throws -> ByteReader {
    ByteReader(try take(count, what), order, format: format)
  }

  mutating func seek(_ offset: Int, _ what: String) throws {
    guard (0...bytes.count).contains(offset) else { throw malformed("\(what) within the file") }
    self.offset = offset
  }

  mutating func uint8(_ what: String) throws -> Int { try number(1, what) }
  mutating func uint16(_ what: String) throws -> Int { try number(2, what) }
  mutating func uint32(_ what: String) throws -> Int { try number(4, what) }

  private mutating func number(_ count: Int, _ what: String) throws -> Int {
    let digits = try take(count, what)
    return switch order {
    case .bigEndian: digits.reduce(0) { $0 << 8 | Int($1) }
    case .littleEndian: digits.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
  }

  func malformed(_ expected: String) -> PictureError {
    .malformed(format, byte: bytes.startIndex + offset, expected: expected)
  }
}

extension [UInt8] {
  mutating func appendBigEndian(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }

  mutating func appendLittleEndian(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }
}
