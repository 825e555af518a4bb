import CTLS
import Foundation
import Glibc
import Server
import Synchronization
import SystemFiles
import TestSupport
import Testing

@Suite struct GRPCTLSTests {
  private static let echo = GRPCServiceDouble { call, answer in answer.yield(call.message) }

  private static func makeLoop(onPlain: @escaping HTTP2Loop.OnPlain = { close($0.socket) }) throws
    -> HTTP2Loop
  {
    // Many tests at the same time leave little of the processor to each.
    var limits = HTTP2Limits()
    limits.greeting = .seconds(60)
    return try HTTP2Loop(service: echo, limits: limits, onPlain: onPlain)
  }

  /// Makes a key with a certificate that signs itself: NAME.key, NAME.crt.
  private static func makeCertificate(_ folder: String, _ name: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
      .split(separator: " ").map(String.init)
      + ["-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt"]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  private static func makeContext(_ folder: String) throws -> TLSContext {
    try makeCertificate(folder, "a")
    return try TLSContext(certificate: "\(folder)/a.crt", key: "\(folder)/a.key")
  }

  /// The client's side of TLS, after its greeting.
  private static func connect(_ socket: Int32, protocols: [String]) throws -> OpaquePointer {
    let context = SSL_CTX_new(TLS_client_method())
    defer { SSL_CTX_free(context) }
    guard let tls = SSL_new(context) else { throw HTTP2ClientDouble.Gone() }
    let list = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    if !list.isEmpty { SSL_set_alpn_protos(tls, list, UInt32(list.count)) }
    SSL_set_fd(tls, socket)
    guard SSL_connect(tls) == 1 else { throw HTTP2ClientDouble.Gone() }
    return tls
  }

  @Test func gRPCByTLS() async throws {
    let folder = try TemporaryFolder()
    let context = try Self.makeContext(folder.path)
    let loop = try Self.makeLoop()
    let message = [UInt8](repeating: 5, count: 3 << 20)
    let answer = try await onThread {
      let (near, far) = try socketPair()
      loop.adopt(try caller(far), tls: context)
      let client = try HTTP2ClientDouble(near, tls: try Self.connect(near, protocols: ["h2"]))
      return try client.call(message)
    }
    #expect(answer.messages == [message] && answer.fields["grpc-status"] == "0")
    #expect(await comes { loop.connectionCount == 0 })
  }

  /// Bytes go both ways through a tunnel, whose ends close together.
  @Test(arguments: [["http/1.1"], [], ["spdy/3"], ["h2", "http/1.1"]])
  func whoDoesNotInsistOnHTTP2GetsHTTP1(_ protocols: [String]) async throws {
    let folder = try TemporaryFolder()
    let context = try Self.makeContext(folder.path)
    let hosts = Mutex<[String]>([])
    let loop = try Self.makeLoop { caller in
      hosts.withLock { $0.append(caller.address.host) }
      Thread.detachNewThread { Self.double(caller.socket) }
    }
    let sent = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 13 >> 3) }
    let got = try await onThread {
      let (near, far) = try socketPair()
      loop.adopt(try caller(far), tls: context)
      let tls = try Self.connect(near, protocols: protocols)
      defer {
        SSL_free(tls)
        close(near)
      }
      try sent.withUnsafeBytes {
        guard SSL_write(tls, $0.baseAddress, Int32($0.count)) == $0.count else {
          throw HTTP2ClientDouble.Gone()
        }
      }
      SSL_shutdown(tls)
      var (got, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
      while true {
        let count = SSL_read(tls, &buffer, 1 << 16)
        guard count > 0 else { return got }
        got.append(contentsOf: buffer.prefix(Int(count)))
      }
    }
    #expect(got == sent + sent && hosts.withLock { $0 } == ["127.0.0.1"])
    #expect(await comes { loop.connectionCount == 0 })
  }

  /// Reads to the end, and then sends everything twice.
  private static func double(_ socket: Int32) {
    defer { close(socket) }
    _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) & ~O_NONBLOCK)
    var (got, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 16))
    while true {
      let count = recv(socket, &buffer, 1 << 16, 0)
      guard count > 0 else { break }
      got.append(contentsOf: buffer.prefix(count))
    }
    var rest = (got + got)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
  }

  @Test func aClientThatLeavesClosesTheTunnel() async throws {
    let folder = try TemporaryFolder()
    let context = try Self.makeContext(folder.path)
    let ends = Mutex(0)
    let loop = try Self.makeLoop { caller in
      let socket = caller.socket
      Thread.detachNewThread {
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        var byte: UInt8 = 0
        if poll(&entry, 1, 10_000) == 1, recv(socket, &byte, 1, 0) == 0 { ends.withLock { $0 += 1 } }
        close(socket)
      }
    }
    try await onThread {
      let (near, far) = try socketPair()
      loop.adopt(try caller(far), tls: context)
      let tls = try Self.connect(near, protocols: [])
      SSL_free(tls)
      close(near)
    }
    #expect(await comes { loop.connectionCount == 0 && ends.withLock { $0 } == 1 })
  }

  @Test func whoSpeaksNoTLSIsClosed() async throws {
    let folder = try TemporaryFolder()
    let context = try Self.makeContext(folder.path)
    let loop = try Self.makeLoop()
    try await onThread {
      let (near, far) = try socketPair()
      loop.adopt(try caller(far), tls: context)
      let request = Array("GET / HTTP/1.1\r\n\r\n".utf8)
      _ = send(near, request, request.count, Int32(MSG_NOSIGNAL))
      close(near)
    }
    #expect(await comes { loop.connectionCount == 0 })
  }

  @Test func badFilesAreNamed() throws {
    let folder = try TemporaryFolder()
    try Self.makeCertificate(folder.path, "a")
    try Self.makeCertificate(folder.path, "b")
    let (certificate, key) = ("\(folder.path)/a.crt", "\(folder.path)/a.key")
    try Data("no certificate".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/text"))
    func problem(_ certificate: String, _ key: String) -> String {
      do {
        _ = try TLSContext(certificate: certificate, key: key)
        return ""
      } catch { return "\(error)" }
    }
    #expect(problem(certificate, key).isEmpty)
    #expect(
      problem("\(folder.path)/none", key) == "cannot read \(folder.path)/none: No such file or directory")
    #expect(
      problem("\(folder.path)/text", key).hasPrefix("cannot use \(folder.path)/text: expected a certificate"))
    #expect(
      problem(certificate, "\(folder.path)/text").hasPrefix(
        "cannot use \(folder.path)/text: expected a private"))
    #expect(problem(certificate, "\(folder.path)/b.key").hasSuffix("key values mismatch"))
  }
}
