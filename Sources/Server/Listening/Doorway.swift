import CEpoll
import CMicrohttpd
import Darkroom
import Glibc
import Synchronization
import SystemFiles

/// The ports of a server, and the thread that accepts connections: the first bytes of each say whom it is handed to.
/// It also says when the other end of a connection leaves while nobody reads from it.
package final class Doorway: Sendable {
  /// What a connection speaks, by its first bytes.
  package enum Speech: Sendable, Equatable {
    case http1
    /// With prior knowledge, as gRPC has it.
    case http2
    case tls
  }

  /// A connection and whose it is.
  package struct Caller: Sendable {
    package let socket: Int32
    package let address: SocketAddress

    package init(socket: Int32, address: SocketAddress) { (self.socket, self.address) = (socket, address) }
  }

  private struct Undecided {
    let caller: Caller
    let since: ContinuousClock.Instant
  }

  private struct State {
    var ports: [UInt64: Int32] = [:]
    var undecided: [UInt64: Undecided] = [:]
    var watched: [UInt64: (socket: Int32, left: @Sendable () -> Void)] = [:]
    var last: UInt64 = 0
    var isStopped = false

    mutating func token() -> UInt64 {
      last += 1
      return last
    }
  }

  private let events: Int32
  private let bell: Int32
  private let state = Mutex(State())
  private let hand: @Sendable (Caller, Speech) -> Void
  private static let bellToken: UInt64 = 0
  /// Connections that have not said anything, and how long they may be so.
  private static let mostUndecided = 512
  private static let patience = Duration.seconds(10)

  /// - Parameter hand: takes a connection over, on the doorway's thread.
  /// - Throws: `DarkroomError` of kind `resources`.
  package init(_ hand: @escaping @Sendable (Caller, Speech) -> Void) throws {
    self.hand = hand
    events = epoll_create1(Int32(EPOLL_CLOEXEC))
    bell = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
    guard events >= 0, bell >= 0 else {
      throw DarkroomError(.resources, field: "files", "cannot wait for connections: \(systemReason())")
    }
    _ = listen(to: bell, as: Self.bellToken, for: EPOLLIN)
  }

  deinit {
    close(events)
    close(bell)
  }

  /// Opens a port on an address.
  /// - Returns: the port, which the system has chosen for 0.
  /// - Throws: `DarkroomError` of kind `request`.
  package func open(_ address: SocketAddress) throws -> Int {
    let (socket, port) = try address.listening()
    let token = state.withLock { state in
      let token = state.token()
      state.ports[token] = socket
      return token
    }
    guard listen(to: socket, as: token, for: EPOLLIN) else {
      throw DarkroomError(.resources, field: "port", "cannot wait on \(address): \(systemReason())")
    }
    return port
  }

  /// Begins to accept connections.
  package func start() {
    let thread = Thread(name: "darkroom-door") { [self] in run() }
    thread.start()
  }

  /// Closes all ports. Connections that were handed over stay.
  package func stop() {
    state.withLock { $0.isStopped = true }
    var one: UInt64 = 1
    _ = write(bell, &one, 8)
  }

  // MARK: Watching

  /// Calls `left` once when the other end of a connection is closed.
  /// - Returns: what `forget` takes; to be called before the socket is closed.
  package func watch(_ socket: Int32, _ left: @escaping @Sendable () -> Void) -> UInt64 {
    let token = state.withLock { state in
      let token = state.token()
      state.watched[token] = (socket, left)
      return token
    }
    _ = listen(to: socket, as: token, for: EPOLLRDHUP)
    return token
  }

  package func forget(_ token: UInt64) {
    guard let socket = state.withLock({ $0.watched.removeValue(forKey: token)?.socket }) else { return }
    epoll_ctl(events, EPOLL_CTL_DEL, socket, nil)
  }

  private func listen(to socket: Int32, as token: UInt64, for what: EPOLL_EVENTS) -> Bool {
    var event = epoll_event(events: what.rawValue, data: epoll_data_t(u64: token))
    return epoll_ctl(events, EPOLL_CTL_ADD, socket, &event) == 0
  }

  // MARK: The thread

  private func run() {
    var ready = [epoll_event](repeating: epoll_event(), count: 64)
    while !state.withLock({ $0.isStopped }) {
      let count = epoll_wait(events, &ready, Int32(ready.count), 1000)
      for event in ready.prefix(Int(max(0, count))) { take(event.data.u64) }
      dropSilent()
    }
    let (ports, silent) = state.withLock { state in
      defer { (state.ports, state.undecided) = ([:], [:]) }
      return (state.ports.values, state.undecided.values)
    }
    for socket in ports { close(socket) }
    for one in silent { close(one.caller.socket) }
  }

  private func take(_ token: UInt64) {
    if let port = state.withLock({ $0.ports[token] }) { return accept(port) }
    if let one = state.withLock({ $0.undecided[token] }) { return decide(one.caller, token) }
    guard let (socket, left) = state.withLock({ $0.watched.removeValue(forKey: token) }) else { return }
    epoll_ctl(events, EPOLL_CTL_DEL, socket, nil)
    left()
  }

  private func accept(_ port: Int32) {
    let (socket, address) = SocketAddress.accept(at: port)
    guard socket >= 0 else {
      // Out of files: those that end make room.
      if errno == EMFILE || errno == ENFILE { usleep(10_000) }
      return
    }
    _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    var yes: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
    let caller = Caller(socket: socket, address: address)
    let (token, oldest) = state.withLock { state in
      var oldest: (key: UInt64, value: Undecided)?
      if state.undecided.count >= Self.mostUndecided { oldest = state.undecided.min { $0.key < $1.key } }
      if let oldest { state.undecided[oldest.key] = nil }
      let token = state.token()
      state.undecided[token] = Undecided(caller: caller, since: .now)
      return (token, oldest)
    }
    if let oldest { close(oldest.value.caller.socket) }
    // Once for what arrives together: a part that is left unread does not wake the thread without end.
    if !listen(to: socket, as: token, for: EPOLL_EVENTS(EPOLLIN.rawValue | EPOLLET.rawValue)) {
      state.withLock { _ = $0.undecided.removeValue(forKey: token) }
      close(socket)
    }
  }

  private func decide(_ caller: Caller, _ token: UInt64) {
    var bytes = [UInt8](repeating: 0, count: 4)
    let count = recv(caller.socket, &bytes, 4, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
    if count < 0, errno == EAGAIN || errno == EINTR { return }
    let speech = count > 0 ? Self.speech(Array(bytes.prefix(count))) : nil
    guard count <= 0 || speech != nil else {
      // A part of HTTP/2's first bytes; the rest wakes this thread again.
      return
    }
    epoll_ctl(events, EPOLL_CTL_DEL, caller.socket, nil)
    state.withLock { _ = $0.undecided.removeValue(forKey: token) }
    guard let speech else {
      close(caller.socket)
      return
    }
    hand(caller, speech)
  }

  /// Nil where more bytes must say it.
  package static func speech(_ first: [UInt8]) -> Speech? {
    let http2 = Array("PRI ".utf8)
    // A TLS record of a handshake.
    if first.first == 0x16 { return .tls }
    if first.count < http2.count { return http2.starts(with: first) ? nil : .http1 }
    return first.starts(with: http2) ? .http2 : .http1
  }

  private func dropSilent() {
    let silent = state.withLock { state in
      let old = state.undecided.filter { $0.value.since + Self.patience < .now }
      for token in old.keys { state.undecided[token] = nil }
      return old.values.map(\.caller.socket)
    }
    for socket in silent { close(socket) }
  }
}
