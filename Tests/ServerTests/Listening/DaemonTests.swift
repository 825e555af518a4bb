import Darkroom
import Dispatch
import Glibc
import Server
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
