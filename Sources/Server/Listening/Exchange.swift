import CMicrohttpd
import Darkroom
import Glibc
import Synchronization

/// One request on libmicrohttpd, from its first line to the end of its answer.
///
/// The daemon's thread touches it, and the task that answers it only between suspension and resumption.
final class Exchange: @unchecked Sendable {
  /// Bytes of a body that are read and dropped, so that the client reads the refusal.
  private static let mostDropped = 64 << 20

  private let context: HTTPDaemon.Context
  private let uri: String
  private let start = ContinuousClock.now
  private var request: HTTPRequest?
  private var bodyLimit = 0
  private var bodyBytes = 0
  private var task: Task<Void, Never>?
  private var watch: UInt64?
  private var response: HTTPResponse?
  private var feed: StreamFeed?
  /// When the connection became a WebSocket; how long that lasts is no time of an answer.
  private var upgrade: ContinuousClock.Instant?
  private let id = String(JobID.random().description.prefix(32))

  private init(_ context: HTTPDaemon.Context, uri: String) { (self.context, self.uri) = (context, uri) }

  // MARK: Calls of the library

  /// The first line of a request has been read.
  static let began:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) ->
      UnsafeMutableRawPointer? = { context, uri, _ in
        guard let context, let uri else { return nil }
        let exchange = Exchange(
          Unmanaged<HTTPDaemon.Context>.fromOpaque(context).takeUnretainedValue(), uri: String(cString: uri))
        return Unmanaged.passRetained(exchange).toOpaque()
      }

  /// Headers, parts of the body and its end have been read, and once more when the connection is resumed.
  static let called: MHD_AccessHandlerCallback = {
    _, connection, _, method, _, bytes, count, exchange in
    guard let connection, let method, let count, let exchange = exchange?.pointee else { return .NO }
    let own = Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue()
    return own.proceed(connection, String(cString: method), bytes, count)
  }

  /// The answer has been sent, or never will be.
  static let ended: MHD_RequestCompletedCallback = { _, _, exchange, _ in
    guard let place = exchange, let pointer = place.pointee else { return }
    place.pointee = nil
    let own = Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
    own.end()
  }

  /// The answer that makes the connection a WebSocket has been sent.
  private static let upgraded: MHD_UpgradeHandler = { _, _, exchange, bytes, count, socket, handle in
    guard let exchange, let handle else { return }
    let own = Unmanaged<Exchange>.fromOpaque(exchange).takeUnretainedValue()
    own.serve(socket, after: Array(UnsafeRawBufferPointer(start: bytes, count: count)), Upgraded(handle))
  }

  private func proceed(
    _ connection: OpaquePointer, _ method: String, _ bytes: UnsafePointer<CChar>?,
    _ count: UnsafeMutablePointer<Int>
  ) -> MHD_Result {
    guard request != nil else { return begin(connection, method) }
    if count.pointee > 0 {
      defer { count.pointee = 0 }
      return take(UnsafeRawBufferPointer(start: bytes, count: count.pointee)) ? .YES : .NO
    }
    if let response {
      stopWatching()
      return send(response, on: connection)
    }
    guard task == nil else { return .YES }
    answer(connection)
    return .YES
  }

  private func begin(_ connection: OpaquePointer, _ method: String) -> MHD_Result {
    let lines = Self.lines(of: connection)
    var headers = HTTPHeaders()
    for line in lines {
      headers.add(String(decoding: line.name, as: UTF8.self), String(decoding: line.value, as: UTF8.self))
    }
    let target = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var request = HTTPRequest(
      method, String(target[0].prefix(1024)), headers: headers, client: client(of: connection, headers),
      id: id)
    if http_is_local(connection) { request.scheme = "https" }
    self.request = request
    if let refusal = HeaderRules.refusal(lines: lines)
      ?? HeaderRules.refusal(method: method, target: uri, headers: headers)
    {
      return refuse(refusal, on: connection)
    }
    do {
      request.path = try TidyPath.path(String(target[0]))
    } catch {
      return refuse(error, on: connection)
    }
    if target.count > 1 { request.query = Query.read(target[1]) }
    bodyLimit = context.reception.bodyLimit(request.path)
    self.request = request
    return .YES
  }

  /// The headers where the library has them.
  private static func lines(of connection: OpaquePointer) -> [HeaderRules.Line] {
    var lines: [HeaderRules.Line] = []
    withUnsafeMutablePointer(to: &lines) {
      _ = MHD_get_connection_values_n(
        connection, .HEADER_KIND,
        { list, _, name, nameCount, value, valueCount in
          list?.assumingMemoryBound(to: [HeaderRules.Line].self).pointee.append(
            (
              UnsafeRawBufferPointer(start: name, count: name == nil ? 0 : nameCount),
              UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueCount)
            ))
          return .YES
        }, $0)
    }
    return lines
  }

  /// Whose turn it is: the key's where there is one, else the address's.
  private func client(of connection: OpaquePointer, _ headers: HTTPHeaders) -> String {
    if case .right(let holder)? = context.reception.keys?.verdict(headers["authorization"]) { return holder }
    guard let address = http_address(connection) else { return "?" }
    return SocketAddress(copying: address).host
  }

  /// - Returns: false if the connection is to be closed.
  private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bodyBytes += bytes.count
    if bodyBytes <= bodyLimit {
      request?.body.append(contentsOf: bytes)
    } else {
      request?.body = []
    }
    return bodyBytes <= max(Self.mostDropped, bodyLimit)
  }

  // MARK: The answer

  private func answer(_ connection: OpaquePointer) {
    guard let request else { return }
    let isTooLarge = bodyBytes > bodyLimit
    let suspended = Suspended(connection)
    MHD_suspend_connection(connection)
    context.atWork.add(1, ordering: .relaxed)
    task = Task(executorPreference: ServerExecutor.shared) { [self] in
      response = await context.reception.answer(request, isTooLarge: isTooLarge)
      suspended.resume()
    }
    // A suspended connection is not looked at by the library. The task may be ready before it is watched.
    watch = context.doorway.watch(http_socket(connection)) { [task] in task?.cancel() }
  }

  private func stopWatching() {
    if let watch { context.doorway.forget(watch) }
    watch = nil
  }

  private func send(_ response: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
    let made: OpaquePointer?
    switch response.body {
    case .bytes(let bytes):
      made = bytes.withUnsafeBytes {
        MHD_create_response_from_buffer(
          $0.count, UnsafeMutableRawPointer(mutating: $0.baseAddress), .RESPMEM_MUST_COPY)
      }
    case .stream(let pieces):
      let feed = StreamFeed(pieces, connection)
      self.feed = feed
      feed.watch = context.doorway.watch(http_socket(connection)) { feed.stop() }
      made = MHD_create_response_from_callback(
        UInt64.max, 32 << 10, StreamFeed.read, Unmanaged.passUnretained(feed).toOpaque(), nil)
    case .socket: made = MHD_create_response_for_upgrade(Self.upgraded, nil)
    }
    guard let made else { return .NO }
    defer { MHD_destroy_response(made) }
    for field in response.headers.fields { MHD_add_response_header(made, field.name, field.value) }
    return MHD_queue_response(connection, UInt32(response.status), made)
  }

  /// - Parameter bytes: what the client has sent after its request.
  private func serve(_ socket: Int32, after bytes: [UInt8], _ upgraded: Upgraded) {
    guard case .socket(let serve)? = response?.body else { return upgraded.close() }
    upgrade = .now
    let id = ObjectIdentifier(self)
    let webSocket = WebSocket(socket, after: bytes, context.socketLimits) { [context] in
      // In this order: who waits for the last one to go stops the library then.
      upgraded.close()
      context.sockets.withLock { $0.open[id] = nil }
    }
    let isTaken = context.sockets.withLock { sockets in
      if sockets.takesMore { sockets.open[id] = webSocket }
      return sockets.takesMore
    }
    webSocket.start()
    guard isTaken else { return webSocket.drop() }
    task = Task(executorPreference: ServerExecutor.shared) {
      await serve(webSocket)
      webSocket.close()
    }
  }

  /// Ends a connection whose headers cannot be trusted: what follows may not be what it seems.
  private func refuse(_ refusal: HTTPRefusal, on connection: OpaquePointer) -> MHD_Result {
    let api = API.style(of: request?.path ?? "")
    var response = api.write(Refusal(.request, refusal.message), id)
    response.status = refusal.status
    response.headers["connection"] = "close"
    self.response = response
    return send(response, on: connection)
  }

  private func end() {
    task?.cancel()
    stopWatching()
    if task != nil { context.atWork.subtract(1, ordering: .relaxed) }
    if let watch = feed?.watch { context.doorway.forget(watch) }
    feed?.stop()
    guard let request else { return }
    context.log.ended(request, response?.status ?? 499, response?.problem, in: (upgrade ?? .now) - start)
  }
}

/// A connection that speaks another protocol now; it may be closed from any thread, once.
private struct Upgraded: @unchecked Sendable {
  private let handle: OpaquePointer

  init(_ handle: OpaquePointer) { self.handle = handle }

  func close() { http_close_upgraded(handle) }
}

/// A connection that waits, and may be resumed from any thread.
struct Suspended: @unchecked Sendable {
  private let connection: OpaquePointer

  init(_ connection: OpaquePointer) { self.connection = connection }

  func resume() { MHD_resume_connection(connection) }
}
