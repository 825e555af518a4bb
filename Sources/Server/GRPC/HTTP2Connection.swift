import CEpoll
import CNghttp2

/// A client's connection: nghttp2's session over its socket, and the calls that it has open.
final class HTTP2Connection: LoopGuest {
  private static let leastPending = 64 << 10
  /// Frames that are owed to a client who does not read.
  private static let mostOwedFrames = 2000

  let id: UInt64
  let client: String
  let surroundings: HTTP2Surroundings
  let received: HTTP2ReceivedBytes
  let session: OpaquePointer
  var streams: [Int32: HTTP2Stream] = [:]
  /// Whether the client has greeted.
  var isGreeted = false
  /// Calls that were answered, and that ended otherwise.
  var answers = 0, resets = 0
  private let transport: Transport
  private var pending: [UInt8] = []
  private var sent = 0
  private let began = ContinuousClock.now
  /// When the last call ended.
  var lastCall = ContinuousClock.now
  /// When bytes were last written.
  private var lastWrite = ContinuousClock.now

  /// - Returns: nil if there is no memory for a session.
  init?(
    id: UInt64, _ transport: Transport, client: String, _ surroundings: HTTP2Surroundings,
    _ received: HTTP2ReceivedBytes
  ) {
    guard let session = HTTP2Session.make() else { return nil }
    (self.id, self.client, self.session, self.transport) = (id, client, session, transport)
    (self.surroundings, self.received) = (surroundings, received)
    nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
    HTTP2Session.greet(session, streams: surroundings.limits.streams)
  }

  deinit { nghttp2_session_del(session) }

  var waits: [(socket: Int32, events: UInt32)] {
    [(transport.socket, EPOLLIN.rawValue | (pending.isEmpty ? 0 : EPOLLOUT.rawValue))]
  }

  func work(_ scratch: UnsafeMutableRawBufferPointer) -> LoopGuestFate {
    // One client does not hold up the others: the socket tells again.
    for _ in 0..<16 {
      switch transport.read(scratch) {
      case .bytes(let count):
        let bytes = scratch.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard nghttp2_session_mem_recv(session, bytes, count) >= 0 else {
          _ = flush()
          return .leaves
        }
        if count == scratch.count { continue }
      case .later: break
      case .ended, .failed: return .leaves
      }
      break
    }
    return flush()
  }

  /// Writes what the session has to say.
  func flush() -> LoopGuestFate {
    while true {
      while pending.count - sent < Self.leastPending {
        var bytes: UnsafePointer<UInt8>?
        let count = nghttp2_session_mem_send(session, &bytes)
        guard count >= 0 else { return .leaves }
        if count == 0 { break }
        pending.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
      }
      guard !pending.isEmpty else { break }
      switch pending[sent...].withUnsafeBytes({ transport.write($0) }) {
      case .bytes(let count):
        lastWrite = .now
        sent += count
        if sent == pending.count { (pending, sent) = ([], 0) }
      case .later:
        let owed = nghttp2_session_get_outbound_queue_size(session)
        return owed > Self.mostOwedFrames ? .leaves : .stays
      case .ended, .failed: return .leaves
      }
    }
    let isOver = nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    return isOver ? .leaves : .stays
  }

  func check(_ now: ContinuousClock.Instant) -> LoopGuestFate {
    let limits = surroundings.limits
    if !isGreeted, now - began > limits.greeting { return .leaves }
    if !pending.isEmpty, now - lastWrite > limits.idle { return .leaves }
    for stream in streams.values {
      let isSlow = !stream.isComplete && now - stream.began > limits.request
      let isHeldUp = (!stream.isComplete || stream.isHeldUp) && now - stream.moved > limits.idle
      if isSlow || isHeldUp { reset(stream.id, NGHTTP2_CANCEL) }
    }
    if streams.isEmpty, now - lastCall > limits.idle {
      nghttp2_session_terminate_session(session, NGHTTP2_NO_ERROR.rawValue)
    }
    return flush()
  }

  func reset(_ stream: Int32, _ code: nghttp2_error_code) {
    nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code.rawValue)
  }

  func drain() {
    nghttp2_submit_goaway(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
      NGHTTP2_NO_ERROR.rawValue, nil, 0)
  }

  func stop() {
    for stream in streams.values where stream.end == nil {
      stream.task?.cancel()
      end(GRPCFailure(.unavailable, "the server stops"), on: stream.id)
    }
    drain()
  }

  func leave() {
    for stream in streams.values {
      stream.task?.cancel()
      stream.takeBody(received)
    }
    streams = [:]
  }
}
