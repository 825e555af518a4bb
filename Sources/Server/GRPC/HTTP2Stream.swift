/// How many bytes of incomplete requests all connections of a loop hold.
final class HTTP2ReceivedBytes {
  var count = 0
}

/// One call on its way, as its connection keeps it.
final class HTTP2Stream {
  enum End {
    /// After messages, `grpc-status`.
    case trailers(GRPCFailure?)
    /// After the text of an answer that is no gRPC.
    case bare
  }

  let id: Int32
  let began = ContinuousClock.now
  /// When bytes went either way.
  var moved = ContinuousClock.now
  var method = ""
  var path = ""
  var headers = HTTPHeaders()
  var headerBytes = 0
  private(set) var body: [UInt8] = []
  /// Whether all of the request is there.
  var isComplete = false
  /// The task of the call; leaving the stream cancels it.
  var task: Task<Void, Never>?
  /// Whether the answer's header fields are on their way.
  var isAnswered = false
  /// Whether the library waits for bytes of the answer.
  var isWaiting = false
  /// How the answer ends, once that is known.
  var end: End?
  private var frames: [[UInt8]] = []
  private var sentOfFirst = 0

  init(_ id: Int32) { self.id = id }

  /// Whether the answer waits for its client.
  var isHeldUp: Bool { !frames.isEmpty }

  /// Takes a field of the request's head.
  /// - Returns: whether it is within the limits.
  func take(_ name: String, _ value: String) -> Bool {
    headerBytes += name.utf8.count + value.utf8.count
    guard headerBytes <= HTTP2Limits.headerBytes, headers.fields.count < HTTP2Limits.headers else {
      return false
    }
    switch name {
    case ":method": method = value
    case ":path": path = value
    case ":authority": headers.add("host", value)
    default: if !name.hasPrefix(":") { headers.add(name, value) }
    }
    return true
  }

  func receive(_ bytes: UnsafeBufferPointer<UInt8>, _ received: HTTP2ReceivedBytes) {
    body.append(contentsOf: bytes)
    received.count += bytes.count
  }

  /// The body, which the stream no longer holds.
  @discardableResult func takeBody(_ received: HTTP2ReceivedBytes) -> [UInt8] {
    defer { body = [] }
    received.count -= body.count
    return body
  }

  func append(_ frame: [UInt8]) { if !frame.isEmpty { frames.append(frame) } }

  /// Moves as many bytes of the answer as there is room for.
  func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    var filled = 0
    while filled < buffer.count, let frame = frames.first {
      let part = frame[sentOfFirst...].prefix(buffer.count - filled)
      UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyBytes(from: part)
      filled += part.count
      sentOfFirst += part.count
      if sentOfFirst == frame.count {
        frames.removeFirst()
        sentOfFirst = 0
      }
    }
    return filled
  }
}
