import Foundation
import Glibc
import Synchronization

/// A small HTTP/1.1 server on this machine that answers as a test wants.
package final class HubDouble: Sendable {
  package struct Request: Sendable {
    /// With the query, as it was sent.
    package let target: String
    /// Names in small letters.
    package let headers: [String: String]

    /// The path with %XX decoded, without the query.
    package var path: String {
      let path = target.prefix { $0 != "?" }
      return String(path).removingPercentEncoding ?? String(path)
    }
    /// The first byte that a `Range` asks for.
    package var rangeStart: Int? {
      headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) }
    }
  }

  package struct Response: Sendable {
    package enum End: Sendable {
      case keepsConnection
      case breaksConnection
      /// Sends nothing more and waits until the client has gone.
      case stalls
    }

    package var status = 200
    package var headers: [String: String] = [:]
    package var body: [UInt8] = []
    /// What `Content-Length` says.
    package var length: Int
    package var end = End.keepsConnection

    package init(_ status: Int = 200, _ body: [UInt8] = [], headers: [String: String] = [:]) {
      self.status = status
      self.body = body
      self.headers = headers
      length = body.count
    }

    package init(json: String, headers: [String: String] = [:]) {
      self.init(200, Array(json.utf8), headers: headers)
    }

    /// Only so many bytes of the body come, and then what `end` says.
    package func cut(after count: Int, _ end: End = .breaksConnection) -> Response {
      var response = self
      response.body = Array(body.prefix(count))
      response.end = end
      return response
    }
  }

  package typealias Answer = @Sendable (Request) -> Response

  private struct State {
    var requests: [Request] = []
    var connections: Set<Int32> = []
    var isStopped = false
  }

  package let port: Int
  private let listener: Int32
  private let answer: Answer
  private let state = Mutex(State())

  package var address: String { "http://127.0.0.1:\(port)" }
  /// The same server under another name.
  package var otherAddress: String { "http://localhost:\(port)" }
  package var requests: [Request] { state.withLock { $0.requests } }

  package init(_ answer: @escaping Answer) throws {
    self.answer = answer
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isBound = withUnsafeMutablePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
      }
    }
    guard isBound else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    port = Int(UInt16(bigEndian: place.sin_port))
    // The thread must not keep the server alive.
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, let self, self.adopt(connection) else {
          if connection >= 0 { close(connection) }
          close(listener)
          return
        }
        Thread.detachNewThread { [weak self] in self?.serve(connection) }
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    stopConnections()
  }

  private func adopt(_ connection: Int32) -> Bool {
    _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
    var on: Int32 = 1
    setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    return state.withLock { state in
      if !state.isStopped { state.connections.insert(connection) }
      return !state.isStopped
    }
  }

  private func stopConnections() {
    state.withLock { state in
      state.isStopped = true
      for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
    }
  }

  private func serve(_ connection: Int32) {
    while let request = Self.read(connection) {
      state.withLock { $0.requests.append(request) }
      let response = answer(request)
      guard Self.send(response, to: connection) else { break }
      if response.end == .stalls {
        var byte: UInt8 = 0
        _ = recv(connection, &byte, 1, 0)
      }
      if response.end != .keepsConnection { break }
    }
    state.withLock { _ = $0.connections.remove(connection) }
    close(connection)
  }

  private static func read(_ connection: Int32) -> Request? {
    var text: [UInt8] = []
    var byte: UInt8 = 0
    while !text.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      guard text.count < 1 << 16, recv(connection, &byte, 1, 0) == 1 else { return nil }
      text.append(byte)
    }
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    guard words.count == 3, words[0] == "GET" else { return nil }
    let headers = lines.dropFirst().map { line -> (String, String) in
      let parts = line.split(separator: ":", maxSplits: 1)
      return (
        parts[0].lowercased(), parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
      )
    }
    return Request(
      target: String(words[1]), headers: Dictionary(headers, uniquingKeysWith: { first, _ in first }))
  }

  private static func send(_ response: Response, to connection: Int32) -> Bool {
    var head = "HTTP/1.1 \(response.status) X\r\nContent-Length: \(response.length)\r\n"
    for (name, value) in response.headers { head += "\(name): \(value)\r\n" }
    let bytes = Array((head + "\r\n").utf8) + response.body
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }
}
