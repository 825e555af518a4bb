import CEpoll
import Dispatch
import Glibc
import Synchronization
import SystemFiles

/// Serves gRPC on the HTTP/2 connections that it is given, all of them in one thread.
package final class HTTP2Loop: Sendable {
  /// Gets the decrypted side of a connection whose client chose HTTP/1.1.
  package typealias OnPlain = @Sendable (Doorway.Caller) -> Void

  private let mailbox: HTTP2Mailbox
  private let hasEnded = DispatchSemaphore(value: 0)
  private let isStopped = Mutex(false)

  /// - Throws: `FileError` if the system has no more descriptors.
  package init(
    service: any GRPCService, limits: HTTP2Limits = HTTP2Limits(), onPlain: @escaping OnPlain
  ) throws {
    mailbox = try HTTP2Mailbox()
    let surroundings = HTTP2Surroundings(service: service, limits: limits, mailbox: mailbox)
    let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw FileError.system("make", "an epoll descriptor") }
    let thread = Thread(name: "darkroom-http2") { [hasEnded] in
      HTTP2LoopThread(surroundings, epoll: epoll, onPlain: onPlain).run()
      hasEnded.signal()
    }
    thread.start()
  }

  deinit { stop() }

  /// How many connections there are.
  package var connectionCount: Int { mailbox.connectionCount }

  /// Takes over a connection, which speaks TLS if there is a context, and HTTP/2 at once otherwise.
  package func adopt(_ caller: Doorway.Caller, tls: TLSContext? = nil) { mailbox.post(.adopt(caller, tls)) }

  /// From now on no new calls; those that run go on, and each connection closes after its last one.
  package func drain() { mailbox.post(.drain) }

  /// Ends all calls and connections, and waits for the thread.
  package func stop() {
    let isFirst = isStopped.withLock { stopped in
      defer { stopped = true }
      return !stopped
    }
    guard isFirst else { return }
    mailbox.post(.stop)
    hasEnded.wait()
  }
}

/// What other threads tell the loop.
final class HTTP2Mailbox: Sendable {
  enum Letter: Sendable {
    case adopt(Doorway.Caller, TLSContext?)
    case message([UInt8], connection: UInt64, stream: Int32)
    case end(GRPCFailure?, connection: UInt64, stream: Int32)
    case drain, stop
  }

  private struct State {
    var letters: [Letter] = []
    var connectionCount = 0
    /// Nobody reads letters any more.
    var isClosed = false
  }

  /// An event descriptor: readable while there are letters. It lives as long as anyone can write.
  let event: Int32
  private let state = Mutex(State())

  init() throws {
    event = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    guard event >= 0 else { throw FileError.system("make", "an event descriptor") }
  }

  deinit { close(event) }

  var connectionCount: Int {
    get { state.withLock { $0.connectionCount } }
    set { state.withLock { $0.connectionCount = newValue } }
  }

  func post(_ letter: Letter) {
    let isClosed = state.withLock { state in
      if !state.isClosed { state.letters.append(letter) }
      return state.isClosed
    }
    if isClosed {
      if case .adopt(let caller, _) = letter { close(caller.socket) }
    } else {
      eventfd_write(event, 1)
    }
  }

  func take() -> [Letter] {
    var count: eventfd_t = 0
    eventfd_read(event, &count)
    return state.withLock { state in
      defer { state.letters = [] }
      return state.letters
    }
  }

  func shut() {
    let left = state.withLock { state in
      state.isClosed = true
      defer { state.letters = [] }
      return state.letters
    }
    for case .adopt(let caller, _) in left { close(caller.socket) }
  }
}
