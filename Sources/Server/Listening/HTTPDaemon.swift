import CMicrohttpd
import Darkroom
import Glibc
import Synchronization
import SystemFiles

/// HTTP/1.1 on libmicrohttpd: one thread for all connections. A connection is suspended while its request is at work, so
/// that thousands may wait.
package final class HTTPDaemon: Sendable {
  /// Bytes that a connection's headers may take with the library's own notes, and the connections.
  private static let headerBytes = 32 << 10
  private static let idleSeconds: UInt32 = 60
  private nonisolated(unsafe) let daemon: OpaquePointer
  private let context: Unmanaged<Context>

  /// What the library's calls find.
  final class Context: Sendable {
    let reception: Reception
    let doorway: Doorway
    let log: AccessLog
    let socketLimits: WebSocket.Limits
    /// Requests whose answer has not been sent, and WebSockets.
    let atWork = Atomic(0)
    let sockets = Mutex(Sockets())

    struct Sockets: Sendable {
      var open: [ObjectIdentifier: WebSocket] = [:]
      var takesMore = true
    }

    /// - Returns: those that are open.
    func takeNoMoreSockets() -> [WebSocket] {
      sockets.withLock { sockets in
        sockets.takesMore = false
        return Array(sockets.open.values)
      }
    }

    init(_ reception: Reception, _ doorway: Doorway, _ log: AccessLog, _ socketLimits: WebSocket.Limits) {
      (self.reception, self.doorway, self.log) = (reception, doorway, log)
      self.socketLimits = socketLimits
    }
  }

  /// - Throws: `DarkroomError` of kind `resources`.
  package init(
    _ reception: Reception, _ doorway: Doorway, _ log: AccessLog, connections: Int = 2048,
    sockets: WebSocket.Limits = WebSocket.Limits()
  ) throws {
    context = Unmanaged.passRetained(Context(reception, doorway, log, sockets))
    let daemon = http_start(
      Exchange.began, Exchange.called, Exchange.ended, context.toOpaque(), UInt32(connections),
      Self.headerBytes, Self.idleSeconds)
    guard let daemon else {
      context.release()
      throw DarkroomError(.resources, "the HTTP server does not start: \(systemReason())")
    }
    self.daemon = daemon
  }

  /// Takes a connection over; one too many is closed.
  package func adopt(_ caller: Doorway.Caller) {
    // The library closes the socket itself where it fails.
    _ = caller.address.withPointer { MHD_add_connection(daemon, caller.socket, $0, $1) }
  }

  package var requestsAtWork: Int { context.takeUnretainedValue().atWork.load(ordering: .relaxed) }

  /// Tells the clients of WebSockets that the server ends; there are no new ones from now on.
  package func closeSockets() {
    for socket in context.takeUnretainedValue().takeNoMoreSockets() { socket.close(.goingAway) }
  }

  /// Ends all connections. No request may be at work.
  package func stop() {
    let context = context.takeUnretainedValue()
    for socket in context.takeNoMoreSockets() { socket.drop() }
    // The library does not stop while it waits for one.
    while !context.sockets.withLock({ $0.open.isEmpty }) { usleep(1000) }
    MHD_stop_daemon(daemon)
    self.context.release()
  }
}
