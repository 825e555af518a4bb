import FoundationEssentials

/// What goes back to a client.
package struct HTTPResponse: Sendable {
  package enum Body: Sendable {
    case bytes([UInt8])
    /// Sent piece by piece as it comes.
    case stream(AsyncStream<[UInt8]>)
    /// The connection becomes a WebSocket, which is open until this returns. `WebSocketHandshake` makes such answers.
    case socket(@Sendable (WebSocket) async -> Void)
  }

  package var status: Int
  package var headers: HTTPHeaders
  package var body: Body
  /// What the log says of a fault, which its client is not told.
  package var problem: String?

  package init(_ status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body = .bytes([])) {
    (self.status, self.headers, self.body) = (status, headers, body)
  }

  package init(_ status: Int = 200, type: String, _ bytes: [UInt8]) {
    self.init(status, headers: ["content-type": type], body: .bytes(bytes))
  }

  /// A body of JSON; keys in order.
  package init(_ status: Int = 200, json: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let bytes = (try? encoder.encode(json)).map { [UInt8]($0) } ?? Array("{}".utf8)
    self.init(status, type: "application/json", bytes)
  }

  /// The body of a response that is no stream.
  package var bytes: [UInt8] { if case .bytes(let bytes) = body { bytes } else { [] } }
}
