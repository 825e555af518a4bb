import CNghttp2
import Glibc
import Synchronization
import SystemFiles

/// Serves gRPC on the HTTP/2 connections that it is given, all of them in one thread.
package final class HTTP2Loop: Sendable {
  /// Gets the decrypted side of a connection whose client chose HTTP/1.1, and who the client is.
  package typealias OnPlain = @Sendable (_ socket: Int32, _ client: String) -> Void

  private let mailbox: HTTP2Mailbox
  private let thread: pthread_t
  private let isStopped = Mutex(false)

  /// - Throws: `FileError` if the system has no more threads or descriptors.
  package init(
    service: any GRPCService, limits: HTTP2Limits = HTTP2Limits(), onPlain: @escaping OnPlain
  ) throws {
    mailbox = try HTTP2Mailbox()
    let state = try HTTP2LoopThread(
      HTTP2Surroundings(service: service, limits: limits, mailbox: mailbox), onPlain: onPlain)
    thread = try state.start()
  }

  deinit { stop() }

  /// How many connections there are.
  package var connectionCount: Int { mailbox.connectionCount }

  /// Takes over a socket whose client has connected: it speaks TLS if there is a context, HTTP/2 at once otherwise.
  /// - Parameter client: whose turn it is when several wait.
  package func adopt(socket: Int32, client: String, tls: TLSContext? = nil) {
    mailbox.post(.adopt(socket: socket, client: client, tls))
  }

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
    pthread_join(thread, nil)
  }
}

/// What other threads tell the loop.
final class HTTP2Mailbox: Sendable {
  enum Letter: Sendable {
    case adopt(socket: Int32, client: String, TLSContext?)
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
      if case .adopt(let socket, _, _) = letter { close(socket) }
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
    for case .adopt(let socket, _, _) in left { close(socket) }
  }
}
