/// Bytes that are no message of the kind that was expected.
package struct ProtobufError: Error, Equatable, CustomStringConvertible {
  /// Counted from the first byte of the outermost message.
  package let byte: Int
  /// "Request.prompt.text".
  package let field: String
  package let problem: String

  package var description: String { "\(field): \(problem) (byte \(byte))" }
}

/// A message that is read field by field. Fields that it does not know are left out.
package protocol ProtobufReadable {
  /// The message without any field.
  init()
  /// Takes one field. A field that comes twice counts as Protocol Buffers say: the last value, or both together.
  mutating func take(_ field: ProtobufField) throws(ProtobufError)
}

extension ProtobufReadable {
  /// - Parameter name: what errors call the message.
  package init(_ bytes: [UInt8], name: String) throws(ProtobufError) {
    self.init()
    try take(ProtobufReader(bytes[...], path: name, depth: 1, allowance: ProtobufAllowance()))
  }

  fileprivate mutating func take(_ fields: ProtobufReader) throws(ProtobufError) {
    var fields = fields
    while let field = try fields.next() { try take(field) }
  }
}

/// How many values a message may still have. Empty ones take two bytes on the wire and far more in memory.
final class ProtobufAllowance {
  private var values = 65_536

  func spend() -> Bool {
    values -= 1
    return values >= 0
  }
}

/// One field as it stands on the wire (https://protobuf.dev/programming-guides/encoding).
package struct ProtobufField {
  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    case bytes(ArraySlice<UInt8>)
  }

  package let number: Int
  let value: Value
  /// Where the field begins.
  let byte: Int
  fileprivate let message: String
  fileprivate let depth: Int
  fileprivate let allowance: ProtobufAllowance

  func error(_ name: String, _ problem: String) -> ProtobufError {
    ProtobufError(byte: byte, field: "\(message).\(name)", problem: problem)
  }

  private func expected(_ name: String, _ kind: String) -> ProtobufError {
    let found =
      switch value {
      case .varint: "a varint"
      case .fixed64: "64 bits"
      case .fixed32: "32 bits"
      case .bytes: "a length and bytes"
      }
    return error(name, "expected \(kind), found \(found)")
  }

  private func varint(_ name: String) throws(ProtobufError) -> UInt64 {
    guard case .varint(let number) = value else { throw expected(name, "a varint") }
    return number
  }

  package func int(_ name: String) throws(ProtobufError) -> Int {
    let number = try varint(name)
    guard let result = Int(exactly: number) else { throw error(name, "\(number) is more than \(Int.max)") }
    return result
  }

  package func uint32(_ name: String) throws(ProtobufError) -> UInt32 {
    let number = try varint(name)
    guard let result = UInt32(exactly: number) else { throw error(name, "\(number) is more than 32 bits") }
    return result
  }

  package func bool(_ name: String) throws(ProtobufError) -> Bool { try varint(name) != 0 }

  package func choice<Choice: RawRepresentable<Int>>(_ name: String) throws(ProtobufError) -> Choice {
    let number = try varint(name)
    guard let raw = Int(exactly: number), let choice = Choice(rawValue: raw) else {
      throw error(name, "\(Int64(bitPattern: number)) is none of its values")
    }
    return choice
  }

  package func float(_ name: String) throws(ProtobufError) -> Float {
    guard case .fixed32(let bits) = value else { throw expected(name, "32 bits of a float") }
    return Float(bitPattern: bits)
  }

  package func double(_ name: String) throws(ProtobufError) -> Double {
    guard case .fixed64(let bits) = value else { throw expected(name, "64 bits of a double") }
    return Double(bitPattern: bits)
  }

  package func bytes(_ name: String) throws(ProtobufError) -> ArraySlice<UInt8> {
    guard case .bytes(let bytes) = value else { throw expected(name, "a length and bytes") }
    return bytes
  }

  package func text(_ name: String) throws(ProtobufError) -> String {
    guard let text = String(validating: try bytes(name), as: UTF8.self) else {
      throw error(name, "is no UTF-8")
    }
    return text
  }

  /// A message on its own, or more fields of one that has come before.
  package func message<Message: ProtobufReadable>(
    _ name: String, with earlier: Message? = nil
  ) throws(ProtobufError) -> Message {
    var message = earlier ?? Message()
    try message.take(try reader(name))
    return message
  }

  /// The numbers of a list, which may stand one by one or packed.
  package func elements(_ name: String) throws(ProtobufError) -> [ProtobufField] {
    guard case .bytes = value else { return [self] }
    var packed = try reader(name)
    var elements: [ProtobufField] = []
    while let element = try packed.varintOfList() {
      elements.append(
        ProtobufField(
          number: number, value: .varint(element), byte: byte, message: message, depth: depth,
          allowance: allowance))
    }
    return elements
  }

  private func reader(_ name: String) throws(ProtobufError) -> ProtobufReader {
    let path = "\(message).\(name)"
    guard depth < ProtobufReader.mostDepth else {
      throw error(name, "lies deeper than \(ProtobufReader.mostDepth) messages")
    }
    return ProtobufReader(try bytes(name), path: path, depth: depth + 1, allowance: allowance)
  }
}

/// The fields of one message, one after the other.
struct ProtobufReader {
  static let mostDepth = 64

  private let bytes: ArraySlice<UInt8>
  private var place: Int
  private let path: String
  private let depth: Int
  private let allowance: ProtobufAllowance

  fileprivate init(_ bytes: ArraySlice<UInt8>, path: String, depth: Int, allowance: ProtobufAllowance) {
    (self.bytes, self.path, self.depth, self.allowance) = (bytes, path, depth, allowance)
    place = bytes.startIndex
  }

  private func error(_ problem: String, at byte: Int, field: UInt64? = nil) -> ProtobufError {
    ProtobufError(byte: byte, field: field.map { "\(path), field \($0)" } ?? path, problem: problem)
  }

  mutating func next() throws(ProtobufError) -> ProtobufField? {
    let start = place
    guard let key = try varintOfList() else { return nil }
    let number = key >> 3
    guard 1..<(1 << 29) ~= number else {
      throw error("\(number) is no number of a field", at: start)
    }
    let value: ProtobufField.Value
    switch key & 7 {
    case 0: value = .varint(try varint())
    case 1: value = .fixed64(try take(8, field: number).reversed().reduce(0) { $0 << 8 | UInt64($1) })
    case 2: value = .bytes(try take(try varint(), field: number))
    case 5: value = .fixed32(try take(4, field: number).reversed().reduce(0) { $0 << 8 | UInt32($1) })
    case 3, 4: throw error("groups are not read", at: start, field: number)
    default: throw error("\(key & 7) is no wire type", at: start, field: number)
    }
    return ProtobufField(
      number: Int(number), value: value, byte: start, message: path, depth: depth, allowance: allowance)
  }

  /// A number; nil at the end.
  fileprivate mutating func varintOfList() throws(ProtobufError) -> UInt64? {
    guard place < bytes.endIndex else { return nil }
    guard allowance.spend() else { throw error("more values than a request has use for", at: place) }
    return try varint()
  }

  private mutating func varint() throws(ProtobufError) -> UInt64 {
    let start = place
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard place < bytes.endIndex else { throw error("ends within a number", at: start) }
      let byte = bytes[place]
      place += 1
      guard shift < 63 || byte < 2 else { break }
      number |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return number }
    }
    throw error("a number has more than 64 bits", at: start)
  }

  private mutating func take(_ count: UInt64, field: UInt64) throws(ProtobufError) -> ArraySlice<UInt8> {
    let left = bytes.endIndex - place
    guard count <= UInt64(left) else {
      throw error("says that it has \(count) bytes, and \(left) are left", at: place, field: field)
    }
    defer { place += Int(count) }
    return bytes[place..<place + Int(count)]
  }
}
