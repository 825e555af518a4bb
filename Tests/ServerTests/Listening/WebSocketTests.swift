import Darkroom
import Glibc
import Server
import Synchronization
import Testing

/// WebSockets with real connections; the server says back what it hears.
@Suite struct WebSocketTests {
  private static let echo = Operation(
    .own, .get, "/echo", "Says back what it hears",
    .tell { visit in
      try WebSocketHandshake.answer(visit.request) { socket in
        for await message in socket.messages {
          if message == .text("flood") {
            for _ in 0..<40 { socket.send(.binary([UInt8](repeating: 1, count: 1 << 20))) }
          } else if message == .text("end") {
            return
          } else {
            socket.send(message)
          }
        }
      }
    })

  /// A server without pings, which are among the frames.
  private static var quiet: WebSocket.Limits {
    var limits = WebSocket.Limits()
    limits.ping = .seconds(3600)
    return limits
  }

  private func port(_ limits: WebSocket.Limits = quiet) throws -> Port {
    try Port(operations: [Self.echo, .health], sockets: limits)
  }

  private static let key = "dGhlIHNhbXBsZSBub25jZQ=="

  private static func request(_ more: String = "", version: String = "13", key: String = key) -> String {
    """
    GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
    Sec-WebSocket-Version: \(version)\r\nSec-WebSocket-Key: \(key)\r\n\(more)\r\n
    """
  }

  /// A client, after the server's first answer.
  private func connect(_ port: Port, _ request: String = request()) async throws -> RawClient {
    let client = RawClient(try port.connect())
    client.send(Array(request.utf8))
    let head = try await client.head()
    try #require(head.hasPrefix("HTTP/1.1 101"), "\(head)")
    #expect(head.lowercased().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="))
    return client
  }

  @Test func messagesGoBothWays() async throws {
    let port = try port()
    // The first frame comes with the request.
    let client = RawClient(try port.connect())
    client.send(Array(Self.request().utf8) + WebSocketFramesTests.frame(0x81, Array("early".utf8)))
    _ = try await client.head()
    #expect(try await client.frame() == [0x81, 5] + Array("early".utf8))
    client.send(WebSocketFramesTests.frame(0x89, [9]))
    #expect(try await client.frame() == [0x8A, 1, 9])
    let long = [UInt8](repeating: 3, count: 200_000)
    client.send(WebSocketFramesTests.frame(0x82, long))
    #expect(try await client.frame() == WebSocketFrame.binary(long))
    // Who closes gets the same code back, and the end.
    client.send(WebSocketFramesTests.frame(0x88, [0x0F, 0xA0]))
    #expect(try await client.frame() == [0x88, 2, 0x0F, 0xA0])
    #expect(try await client.isEnded())
  }

  @Test func theServerClosesWhenItIsDone() async throws {
    let port = try port()
    let client = try await connect(port)
    client.send(WebSocketFramesTests.frame(0x81, Array("end".utf8)))
    #expect(try await client.frame() == [0x88, 2, 0x03, 0xE8])
    client.send(WebSocketFramesTests.frame(0x88, [0x03, 0xE8]))
    #expect(try await client.isEnded())
    await noneIsLeft(port)
  }

  private func noneIsLeft(_ port: Port) async {
    for _ in 0..<1000 where port.daemon.requestsAtWork > 0 { try? await Task.sleep(for: .milliseconds(10)) }
    #expect(port.daemon.requestsAtWork == 0)
  }

  @Test func socketsEndWithTheServer() async throws {
    let port = try port()
    let client = try await connect(port)
    port.daemon.closeSockets()
    #expect(try await client.frame() == WebSocketFrame.close(.goingAway))
    client.end()
    await noneIsLeft(port)
  }

  @Test func anUnmaskedFrameClosesTheSocket() async throws {
    let port = try port()
    let client = try await connect(port)
    client.send([0x81, 1, 65])
    #expect(
      try await client.frame() == WebSocketFrame.close(WebSocketClose(1002, "a frame without a mask")))
    client.end()
    await noneIsLeft(port)
  }

  @Test func whoDoesNotAnswerAFarewellIsDropped() async throws {
    var limits = Self.quiet
    limits.farewell = .zero
    let port = try port(limits)
    let client = try await connect(port)
    client.send(WebSocketFramesTests.frame(0x81, Array("end".utf8)))
    await noneIsLeft(port)
    client.end()
  }

  @Test(arguments: [true, false]) func whoDoesNotReadIsDropped(byBytes: Bool) async throws {
    var limits = Self.quiet
    if byBytes { limits.unsent = 8 << 20 } else { (limits.unsent, limits.patience) = (100 << 20, .zero) }
    let port = try port(limits)
    let client = try await connect(port)
    let other = try await connect(port)
    client.send(WebSocketFramesTests.frame(0x81, Array("flood".utf8)))
    // Others are served meanwhile.
    other.send(WebSocketFramesTests.frame(0x81, [65]))
    #expect(try await other.frame() == [0x81, 1, 65])
    other.end()
    await noneIsLeft(port)
    client.end()
  }

  @Test func theServerEndsThoughAClientStays() async throws {
    var port: Port? = try Port(operations: [Self.echo], sockets: Self.quiet, waits: false)
    let client = try await connect(try #require(port))
    port = nil
    #expect(try await client.frame() == WebSocketFrame.close(.goingAway))
    #expect(try await client.isEnded())
  }

  @Test func silentClientsAreAskedWhetherTheyAreThere() async throws {
    var limits = WebSocket.Limits()
    limits.ping = .zero
    let client = try await connect(try port(limits))
    #expect(try await client.frame() == [0x89, 0])
    client.end()
  }

  @Test func whoLeavesWithoutAWordIsForgotten() async throws {
    let port = try port()
    let clients = [try await connect(port), try await connect(port)]
    for client in clients { client.end() }
    await noneIsLeft(port)
  }

  @Test func onlyRequestsThatAskForItBecomeSockets() async throws {
    let port = try port()
    func status(_ request: String) async -> String {
      String(await port.exchange(request.replacing("keep-alive, ", with: "close, ")).prefix(12))
    }
    #expect(await status(Self.request(version: "8")) == "HTTP/1.1 426")
    #expect(await status(Self.request(key: "c2hvcnQ=")) == "HTTP/1.1 400")
    #expect(await status(Self.request("Sec-WebSocket-Key: \(Self.key)\r\n")) == "HTTP/1.1 400")
    #expect(
      await status("GET /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == "HTTP/1.1 400")
    #expect(await status(Self.request().replacing("GET", with: "HEAD")) == "HTTP/1.1 400")
    // Pages of others would read what is said.
    #expect(await status(Self.request("Origin: https://evil.example\r\n")) == "HTTP/1.1 403")
    #expect(
      await status(Self.request().replacing("Host: localhost", with: "Host: evil.example")) == "HTTP/1.1 403")
  }
}

/// A client that sees bytes. What waits does so on a thread of its own.
private final class RawClient: Sendable {
  private let socket: Int32
  private let received = Mutex<[UInt8]>([])

  struct Ended: Error {}

  init(_ socket: Int32) { self.socket = socket }

  deinit { close(socket) }

  func end() { shutdown(socket, Int32(SHUT_RDWR)) }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func head() async throws -> String {
    let end = Array("\r\n\r\n".utf8)
    let bytes = try await take { bytes in
      bytes.indices.first { bytes[$0...].starts(with: end) }.map { $0 + 4 }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A whole frame of the server.
  func frame() async throws -> [UInt8] {
    try await take { bytes in
      guard bytes.count >= 2 else { return nil }
      let extra = [126: 2, 127: 8][bytes[1]] ?? 0
      guard bytes.count >= 2 + extra else { return nil }
      let long = bytes[2..<2 + extra].reduce(0) { $0 << 8 | Int($1) }
      return 2 + extra + (extra == 0 ? Int(bytes[1]) : long)
    }
  }

  func isEnded() async throws -> Bool {
    do {
      _ = try await take { _ in .max }
      return false
    } catch is Ended {
      return received.withLock { $0.isEmpty }
    }
  }

  /// - Parameter size: of what is wanted; nil if more bytes must say it.
  private func take(_ size: @escaping @Sendable ([UInt8]) -> Int?) async throws -> [UInt8] {
    // On a thread of its own, since other tests may hold those of tasks for long.
    try await onThread { [self] in
      var part = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let taken: [UInt8]? = received.withLock { bytes in
          guard let size = size(bytes), bytes.count >= size else { return nil }
          defer { bytes.removeFirst(size) }
          return Array(bytes.prefix(size))
        }
        if let taken { return taken }
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        let count = poll(&entry, 1, 60_000) == 1 ? recv(socket, &part, part.count, 0) : 0
        guard count > 0 else { throw Ended() }
        received.withLock { $0 += part.prefix(count) }
      }
    }
  }
}
