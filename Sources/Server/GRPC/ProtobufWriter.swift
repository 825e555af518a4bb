/// A message in protobuf's wire format. As proto3 has it, a value that is its type's default is not written.
package struct ProtobufWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  private mutating func number(_ value: UInt64) {
    var value = value
    while value > 0x7F {
      bytes.append(UInt8(value & 0x7F) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  private mutating func key(_ field: Int, _ wireType: UInt64) { number(UInt64(field) << 3 | wireType) }

  package mutating func write(_ field: Int, _ value: UInt64) {
    guard value != 0 else { return }
    key(field, 0)
    number(value)
  }

  package mutating func write(_ field: Int, _ value: some RawRepresentable<Int>) {
    write(field, UInt64(value.rawValue))
  }

  package mutating func write(_ field: Int, _ value: Bool) { write(field, UInt64(value ? 1 : 0)) }

  package mutating func write(_ field: Int, _ value: Double) {
    guard value.bitPattern != 0 else { return }
    key(field, 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func write(_ field: Int, _ value: String) {
    if !value.isEmpty { writeAlways(field, Array(value.utf8)) }
  }

  /// A field that tells apart empty and absent.
  package mutating func writeAlways(_ field: Int, _ value: [UInt8]) {
    key(field, 2)
    number(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  package mutating func message(_ field: Int, _ content: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    content(&inner)
    writeAlways(field, inner.bytes)
  }
}
