import Darkroom
import Dispatch
import Glibc
import Server
import Synchronization
import Testing

/// A port with an HTTP daemon behind it.
final class Port: Sendable {
  private let stage: Stage
  private let doorway: Doorway
  let daemon: HTTPDaemon
  private let number: Int
  /// Whether the end waits for clients to say farewell.
  private let waits: Bool
  private let others: Others

  private final class Others: Sendable {
    let daemon = Mutex<HTTPDaemon?>(nil)
    let speech = Mutex<[Doorway.Speech]>([])
  }

  var queue: LocalQueue { stage.queue }
  /// What connections that are no HTTP/1.1 spoke.
  var http2: [Doorway.Speech] { others.speech.withLock { $0 } }

  init(
    draws: Bool = true, operations: [Operation] = Operation.all,
    sockets: WebSocket.Limits = WebSocket.Limits(), waits: Bool = true
  ) throws {
    self.waits = waits
    stage = try Stage(draws: draws, operations: operations)
    let others = Others()
    self.others = others
    doorway = try Doorway { caller, speech in
      if speech == .http1 {
        others.daemon.withLock { $0 }?.adopt(caller)
      } else {
        others.speech.withLock { $0.append(speech) }
        close(caller.socket)
      }
    }
    let daemon = try HTTPDaemon(stage.reception, doorway, AccessLog { _ in }, sockets: sockets)
    self.daemon = daemon
    others.daemon.withLock { $0 = daemon }
    number = try doorway.open(SocketAddress.named("127.0.0.1", port: 0)[0])
    doorway.start()
  }

  deinit {
    queue.abandon()
    doorway.stop()
    daemon.closeSockets()
    for _ in 0..<500 where waits && daemon.requestsAtWork > 0 { usleep(10_000) }
    daemon.stop()
  }

  func connect() throws -> Int32 {
    let address = try SocketAddress.named("127.0.0.1", port: number)[0]
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(address.withPointer { Glibc.connect(socket, $0, $1) } == 0)
    return socket
  }

  func send(_ text: String, on socket: Int32) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Sends a request and reads until the connection ends, on a thread of its own.
  /// - Parameter more: zeros that follow.
  func exchange(_ text: String, more: Int = 0) async -> String {
    guard let socket = try? connect() else { return "" }
    defer { close(socket) }
    return await withCheckedContinuation { result in
      DispatchQueue.global().async { [self] in
        send(text, on: socket)
        var left = more
        let zeros = [UInt8](repeating: 0, count: 1 << 16)
        while left > 0 {
          let sent = Glibc.send(socket, zeros, min(left, zeros.count), Int32(MSG_NOSIGNAL))
          guard sent > 0 else { break }
          left -= sent
        }
        var answer: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          let count = recv(socket, &part, part.count, 0)
          guard count > 0 else { break }
          answer += part.prefix(count)
        }
        result.resume(returning: String(decoding: answer, as: UTF8.self))
      }
    }
  }
}
