/// Why a WebSocket is closed, as its frame says (RFC 6455, 7.4).
package struct WebSocketClose: Error, Sendable, Equatable {
  package let code: UInt16
  package let reason: String

  package init(_ code: UInt16, _ reason: String = "") { (self.code, self.reason) = (code, reason) }

  package static let normal = WebSocketClose(1000)
  /// The server ends.
  package static let goingAway = WebSocketClose(1001, "the server is being shut down")

  static func protocolError(_ reason: String) -> WebSocketClose { WebSocketClose(1002, reason) }
  static func notText(_ reason: String) -> WebSocketClose { WebSocketClose(1007, reason) }

  /// Those that a frame may have: the registered ones but for those that stand for no frame, and those of programs.
  fileprivate static func isSent(_ code: UInt16) -> Bool {
    switch code {
    case 1000...1003, 1007...1014, 3000...4999: true
    default: false
    }
  }
}

/// The frames of a server (RFC 6455, 5.2): whole messages without a mask.
package enum WebSocketFrame {
  static let longestControl = 125

  package static func text(_ text: String) -> [UInt8] { frame(0x1, Array(text.utf8)) }
  package static func binary(_ bytes: [UInt8]) -> [UInt8] { frame(0x2, bytes) }
  package static func ping() -> [UInt8] { frame(0x9, []) }
  package static func pong(_ bytes: [UInt8]) -> [UInt8] { frame(0xA, bytes) }

  package static func close(_ close: WebSocketClose) -> [UInt8] {
    var reason = Array(close.reason.utf8.prefix(longestControl - 2))
    // A letter that was cut is no text.
    while !reason.isEmpty, String(validating: reason, as: UTF8.self) == nil { reason.removeLast() }
    return frame(0x8, bigEndian(UInt64(close.code), bytes: 2) + reason)
  }

  private static func frame(_ opcode: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let count = UInt64(payload.count)
    let length: [UInt8] =
      switch count {
      case 0...125: [UInt8(count)]
      case 126...0xFFFF: [126] + bigEndian(count, bytes: 2)
      default: [127] + bigEndian(count, bytes: 8)
      }
    return [0x80 | opcode] + length + payload
  }

  private static func bigEndian(_ value: UInt64, bytes count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }
}

/// Makes messages of a client's bytes as they come.
package struct WebSocketReader: Sendable {
  package enum Event: Sendable, Equatable {
    case text(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong
    /// Nil if the client gives no reason.
    case close(WebSocketClose?)
  }

  private struct Header {
    let isFinal: Bool
    let opcode: UInt8
    /// Of the header itself.
    let size: Int
    let length: Int
    let mask: ArraySlice<UInt8>

    var isControl: Bool { opcode & 0x8 != 0 }
  }

  /// Bytes that a message may have.
  private let most: Int
  private var bytes: [UInt8] = []
  /// How many of them were read.
  private var position = 0
  /// The message whose fragments come.
  private var message: (isText: Bool, bytes: [UInt8])?

  package init(most: Int) { self.most = most }

  package mutating func append(_ new: some Sequence<UInt8>) {
    bytes.removeFirst(position)
    position = 0
    bytes += new
  }

  /// The next whole message or control frame; nil if more bytes must come first.
  /// - Throws: what the connection is to be closed with.
  package mutating func next() throws(WebSocketClose) -> Event? {
    while let header = try header(), bytes.count - position - header.size >= header.length {
      let start = position + header.size
      var payload = Array(bytes[start..<start + header.length])
      for index in payload.indices { payload[index] ^= header.mask[header.mask.startIndex + index % 4] }
      position = start + header.length
      if let event = try event(header, payload) { return event }
    }
    return nil
  }

  private func header() throws(WebSocketClose) -> Header? {
    let bytes = bytes[position...]
    guard bytes.count >= 2 else { return nil }
    let (first, second) = (bytes[position], bytes[position + 1])
    guard first & 0x70 == 0 else {
      throw .protocolError("reserved bits are set, and no extension was agreed on")
    }
    guard second & 0x80 != 0 else { throw .protocolError("a frame without a mask") }
    let extra = [126: 2, 127: 8][second & 0x7F] ?? 0
    let size = 2 + extra + 4
    guard bytes.count >= size else { return nil }
    let long = bytes[(position + 2)..<(position + 2 + extra)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let length = extra == 0 ? UInt64(second & 0x7F) : long
    guard extra == 0 || length > (extra == 2 ? 125 : 0xFFFF) else {
      throw .protocolError("a length that is written longer than need be")
    }
    let header = Header(
      isFinal: first & 0x80 != 0, opcode: first & 0xF, size: size, length: Int(clamping: length),
      mask: bytes[(position + size - 4)..<(position + size)])
    try check(header)
    return header
  }

  private func check(_ header: Header) throws(WebSocketClose) {
    guard !header.isControl || header.isFinal && header.length <= WebSocketFrame.longestControl else {
      throw .protocolError("a control frame in fragments, or of more than 125 bytes")
    }
    guard header.length <= most - (message?.bytes.count ?? 0) else {
      throw WebSocketClose(1009, "a message of more than \(most) bytes")
    }
  }

  private mutating func event(_ header: Header, _ payload: [UInt8]) throws(WebSocketClose) -> Event? {
    switch header.opcode {
    case 0x0:
      guard message != nil else { throw .protocolError("a fragment of no message") }
      message?.bytes += payload
    case 0x1, 0x2:
      guard message == nil else { throw .protocolError("a message among the fragments of another") }
      message = (header.opcode == 0x1, payload)
    case 0x8: return .close(try close(payload))
    case 0x9: return .ping(payload)
    case 0xA: return .pong
    default: throw .protocolError("a frame of no known kind, \(header.opcode)")
    }
    guard header.isFinal, let whole = message else { return nil }
    message = nil
    guard whole.isText else { return .binary(whole.bytes) }
    guard let text = String(validating: whole.bytes, as: UTF8.self) else {
      throw .notText("a text that is not UTF-8")
    }
    return .text(text)
  }

  private func close(_ payload: [UInt8]) throws(WebSocketClose) -> WebSocketClose? {
    if payload.isEmpty { return nil }
    guard payload.count >= 2 else { throw .protocolError("a close frame of one byte") }
    let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
    guard WebSocketClose.isSent(code) else { throw .protocolError("a close frame with the code \(code)") }
    guard let reason = String(validating: payload[2...], as: UTF8.self) else {
      throw .notText("a close frame's reason that is not UTF-8")
    }
    return WebSocketClose(code, reason)
  }
}
