import Darkroom
import Dispatch
import Glibc
import Server
import Synchronization
import Testing

/// The ports with real connections; orders are drawn by a stand-in.
@Suite struct DaemonTests {
  private static let core = "POST /v2beta/stable-image/generate/core HTTP/1.1\r\nHost: localhost\r\n"
  private static let form = "Content-Type: multipart/form-data; boundary=edge\r\n"

  @Test func aRequestIsAnswered() async throws {
    let port = try Port()
    let answer = await port.exchange("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 200"))
    #expect(answer.contains("x-content-type-options: nosniff") && answer.contains("\"status\":\"ok\""))
  }

  @Test(
    arguments: [
      "Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n", "Host: another\r\n", "X: a\0b\r\n", "X: a\r\n b\r\n",
      "X : a\r\n",
      "X: a\nY: b\r\n", "Content-Length: -1\r\n",
    ])
  func headersThatAreReadInTwoWaysAreRefused(_ headers: String) async throws {
    let port = try Port()
    let answer = await port.exchange("POST /health HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\na")
    #expect(answer.hasPrefix("HTTP/1.1 400"), "\(answer.prefix(80))")
    // What follows must not be taken for another request.
    #expect(answer.lowercased().contains("connection: close"))
  }

  @Test func aRequestWithoutAHostIsRefused() async throws {
    let answer = try await Port().exchange("GET /health HTTP/1.1\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 400"))
  }

  @Test func aLongLineIsRefused() async throws {
    let line = "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: localhost\r\n\r\n"
    let answer = try await Port().exchange(line)
    #expect(answer.hasPrefix("HTTP/1.1 414"))
  }

  @Test func aLargeBodyIsReadAndRefused() async throws {
    let count = 11 << 20
    let answer = try await Port().exchange(
      Self.core + Self.form + "Content-Length: \(count)\r\nConnection: close\r\n\r\n", more: count)
    #expect(answer.hasPrefix("HTTP/1.1 413"))
    #expect(answer.contains("payloads cannot be larger than 10MiB"))
  }

  @Test func aBodyInChunksIsRead() async throws {
    let part = "--edge\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na heart\r\n--edge--\r\n"
    let answer = try await Port().exchange(
      Self.core + Self.form + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n\(chunked(part))")
    #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer.prefix(300))")
  }

  private func chunked(_ text: String) -> String {
    text.utf8.map { String(decoding: Array("1\r\n".utf8) + [$0] + Array("\r\n".utf8), as: UTF8.self) }
      .joined() + "0\r\n\r\n"
  }

  @Test(arguments: [0, 20]) func aClientThatLeavesCancelsItsJob(after others: Int) async throws {
    let port = try Port(draws: false)
    let body = "--edge\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na\r\n--edge--\r\n"
    let socket = try port.connect()
    // Requests that are answered at once, on the same connection.
    for _ in 0..<others { port.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", on: socket) }
    port.send(
      Self.core + Self.form + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)", on: socket)
    for _ in 0..<500 where port.queue.load.waiting == 0 { try await Task.sleep(for: .milliseconds(10)) }
    let batch = try #require(await port.queue.next())
    let cancelled = Flag()
    port.queue.whenUnwanted(batch) { cancelled.raise() }
    close(socket)
    for _ in 0..<500 where !cancelled.isRaised { try await Task.sleep(for: .milliseconds(10)) }
    #expect(cancelled.isRaised)
  }

  @Test func connectionsThatSayNothingHinderNobody() async throws {
    let port = try Port()
    let silent = try (0..<100).map { _ in try port.connect() }
    defer { for socket in silent { close(socket) } }
    for (index, socket) in silent.enumerated() where index % 2 == 0 { port.send("GET /he", on: socket) }
    let answer = await port.exchange("GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    #expect(answer.hasPrefix("HTTP/1.1 200"))
  }

  @Test func firstBytesSayWhatAConnectionSpeaks() {
    #expect(Doorway.speech(Array("GET ".utf8)) == .http1)
    #expect(Doorway.speech(Array("PRI ".utf8)) == .http2)
    #expect(Doorway.speech(Array("PR".utf8)) == nil, "the rest decides")
    #expect(Doorway.speech(Array("PU".utf8)) == .http1)
    #expect(Doorway.speech([0x16, 3, 1]) == .tls)
  }

  @Test func theFirstBytesOfHTTP2MayComeOneByOne() async throws {
    let port = try Port()
    let socket = try port.connect()
    await withCheckedContinuation { sent in
      // On a thread of its own, since other tests may hold those of tasks for longer than the port waits.
      DispatchQueue.global().async {
        for byte in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" {
          port.send(String(byte), on: socket)
          usleep(1000)
        }
        sent.resume()
      }
    }
    for _ in 0..<500 where port.http2.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    #expect(port.http2 == [.http2])
    close(socket)
  }
}

/// A port with an HTTP daemon behind it.
private final class Port: Sendable {
  private let stage: Stage
  private let doorway: Doorway
  private let daemon: HTTPDaemon
  private let number: Int
  private let others: Others

  private final class Others: Sendable {
    let daemon = Mutex<HTTPDaemon?>(nil)
    let speech = Mutex<[Doorway.Speech]>([])
  }

  var queue: LocalQueue { stage.queue }
  /// What connections that are no HTTP/1.1 spoke.
  var http2: [Doorway.Speech] { others.speech.withLock { $0 } }

  init(draws: Bool = true) throws {
    stage = try Stage(draws: draws)
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
    let daemon = try HTTPDaemon(stage.reception, doorway, AccessLog { _ in })
    self.daemon = daemon
    others.daemon.withLock { $0 = daemon }
    number = try doorway.open(SocketAddress.named("127.0.0.1", port: 0)[0])
    doorway.start()
  }

  deinit {
    queue.abandon()
    doorway.stop()
    for _ in 0..<500 where daemon.requestsAtWork > 0 { usleep(10_000) }
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
