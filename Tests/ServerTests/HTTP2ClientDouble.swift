import CNghttp2
import CTLS
import Foundation
import Glibc
import Server

/// A client of HTTP/2 on a thread of its own, so that it may wait.
final class HTTP2ClientDouble {
  struct Answer {
    /// Header fields and trailers.
    var fields: [String: String] = [:]
    var body: [UInt8] = []
    /// The code that the stream was closed with.
    var end: UInt32?

    var messages: [[UInt8]] {
      var (rest, messages) = (body[...], [[UInt8]]())
      while rest.count >= 5 {
        let count = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
        messages.append(Array(rest.dropFirst(5).prefix(count)))
        rest = rest.dropFirst(5 + count)
      }
      return messages
    }
  }

  struct Gone: Error {}

  static let path = "/gooseai.GenerationService/Generate"

  private(set) var answers: [Int32: Answer] = [:]
  /// The code of the server's GOAWAY.
  private(set) var farewell: UInt32?
  private(set) var settings: [Int32: UInt32] = [:]
  private(set) var pings = 0
  let socket: Int32
  private let tls: OpaquePointer?
  private var session: OpaquePointer?
  private var bodies: [Int32: ArraySlice<UInt8>] = [:]

  /// Does something on a thread of its own with a client whose other end a loop has taken over.
  static func with<Result: Sendable>(
    _ loop: HTTP2Loop, _ body: @escaping @Sendable (HTTP2ClientDouble) throws -> Result
  ) async throws -> Result {
    try await onThread {
      let (near, far) = try socketPair()
      loop.adopt(try caller(far))
      let client = try HTTP2ClientDouble(near)
      return try body(client)
    }
  }

  init(_ socket: Int32, tls: OpaquePointer? = nil) throws {
    (self.socket, self.tls) = (socket, tls)
    var patience = timeval(tv_sec: 600, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var callbacks: OpaquePointer?
    nghttp2_session_callbacks_new(&callbacks)
    defer { nghttp2_session_callbacks_del(callbacks) }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, count, value, valueCount, _, user in
      guard let frame, let client = HTTP2ClientDouble.client(user) else { return 0 }
      let name = String(decoding: UnsafeBufferPointer(start: name, count: count), as: UTF8.self)
      let value = String(decoding: UnsafeBufferPointer(start: value, count: valueCount), as: UTF8.self)
      client.answers[frame.pointee.hd.stream_id, default: Answer()].fields[name] = value
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, bytes, count, user in
      let bytes = UnsafeBufferPointer(start: bytes, count: count)
      HTTP2ClientDouble.client(user)?.answers[id, default: Answer()].body.append(contentsOf: bytes)
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, user in
      HTTP2ClientDouble.client(user)?.answers[id, default: Answer()].end = code
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
      guard let frame = frame?.pointee, let client = HTTP2ClientDouble.client(user) else { return 0 }
      switch UInt32(frame.hd.type) {
      case NGHTTP2_GOAWAY.rawValue: client.farewell = frame.goaway.error_code
      case NGHTTP2_PING.rawValue: client.pings += 1
      case NGHTTP2_SETTINGS.rawValue:
        for entry in UnsafeBufferPointer(start: frame.settings.iv, count: frame.settings.niv) {
          client.settings[entry.settings_id] = entry.value
        }
      default: break
      }
      return 0
    }
    nghttp2_session_client_new(&session, callbacks, Unmanaged.passUnretained(self).toOpaque())
    nghttp2_submit_settings(session, 0, nil, 0)
  }

  deinit {
    nghttp2_session_del(session)
    if let tls { SSL_free(tls) }
    close(socket)
  }

  private static func client(_ user: UnsafeMutableRawPointer?) -> HTTP2ClientDouble? {
    user.map { Unmanaged<HTTP2ClientDouble>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Begins a request.
  /// - Parameter isWhole: whether the body ends with what is given.
  @discardableResult func post(
    _ body: [UInt8], _ fields: [String: String] = [:], method: String = "POST", isWhole: Bool = true
  ) -> Int32 {
    var all = ["content-type": "application/grpc", "te": "trailers"].merging(fields) { $1 }
    let pseudo = [":method": method, ":scheme": "http", ":path": Self.path, ":authority": "localhost"]
    let ordered = pseudo.map { ($0, $1) } + all.map { ($0, $1) }
    all = [:]
    var list: [nghttp2_nv] = []
    for (name, value) in ordered {
      list.append(
        nghttp2_nv(
          name: UnsafeMutableRawPointer(strdup(name))?.assumingMemoryBound(to: UInt8.self),
          value: UnsafeMutableRawPointer(strdup(value))?.assumingMemoryBound(to: UInt8.self),
          namelen: name.utf8.count, valuelen: value.utf8.count, flags: 0))
    }
    defer {
      for field in list {
        free(field.name)
        free(field.value)
      }
    }
    var source = isWhole ? Self.wholeSource : Self.openSource
    let id = nghttp2_submit_request(session, nil, list, list.count, &source, nil)
    bodies[id] = body[...]
    return id
  }

  private static let wholeSource = nghttp2_data_provider(source: nghttp2_data_source()) {
    HTTP2ClientDouble.client($6)?.fill($1, $2, $3, $4, isWhole: true) ?? 0
  }
  private static let openSource = nghttp2_data_provider(source: nghttp2_data_source()) {
    HTTP2ClientDouble.client($6)?.fill($1, $2, $3, $4, isWhole: false) ?? 0
  }

  private func fill(
    _ id: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ room: Int, _ flags: UnsafeMutablePointer<UInt32>?,
    isWhole: Bool
  ) -> Int {
    let part = (bodies[id] ?? []).prefix(room)
    bodies[id] = bodies[id]?.dropFirst(part.count)
    UnsafeMutableRawBufferPointer(start: buffer, count: room).copyBytes(from: part)
    if isWhole && bodies[id]?.isEmpty != false { flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
    return part.isEmpty && !isWhole ? Int(NGHTTP2_ERR_DEFERRED.rawValue) : part.count
  }

  func ping() { nghttp2_submit_ping(session, 0, nil) }

  func reset(_ id: Int32) {
    nghttp2_submit_rst_stream(session, 0, id, NGHTTP2_CANCEL.rawValue)
  }

  /// Lets the session write.
  func flush() throws {
    var bytes: UnsafePointer<UInt8>?
    while true {
      let count = nghttp2_session_mem_send(session, &bytes)
      guard count > 0 else { return }
      try write(UnsafeRawBufferPointer(start: bytes, count: count))
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count =
        tls.map { Int(SSL_write($0, rest.baseAddress, Int32(rest.count))) }
        ?? send(socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      guard count > 0 else { throw Gone() }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// Writes and reads until something holds.
  func wait(_ condition: () -> Bool) throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      try flush()
      if condition() { return }
      let size = buffer.count
      let count = tls.map { Int(SSL_read($0, &buffer, Int32(size))) } ?? recv(socket, &buffer, size, 0)
      guard count > 0 else { throw Gone() }
      guard nghttp2_session_mem_recv(session, buffer, count) >= 0 else { throw Gone() }
    }
  }

  /// Waits for the end of a request.
  func answer(_ id: Int32) throws -> Answer {
    try wait { answers[id]?.end != nil }
    return answers[id] ?? Answer()
  }

  /// A call from its beginning to its end.
  func call(_ message: [UInt8] = [], _ fields: [String: String] = [:]) throws -> Answer {
    try answer(post(GRPCFraming.frame(message), fields))
  }

  /// Waits until the server closes the connection.
  func waitForEnd() { try? wait { false } }
}

/// Two sockets that are connected.
func socketPair() throws -> (Int32, Int32) {
  var pair: [Int32] = [-1, -1]
  guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
    throw HTTP2ClientDouble.Gone()
  }
  return (pair[0], pair[1])
}

/// A connection as a doorway would hand it over.
func caller(_ socket: Int32) throws -> Doorway.Caller {
  Doorway.Caller(socket: socket, address: try SocketAddress.named("127.0.0.1", port: 80)[0])
}

/// Does what may wait outside of the threads that all tasks share.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: .init { try body() }) }
  }
}
