/// How much clients on HTTP/2 may take.
package struct HTTP2Limits: Sendable {
  /// Connections at a time, those of REST by TLS among them.
  package var connections = 2048
  /// Calls at a time on one connection.
  package var streams: UInt32 = 64
  /// Bytes of requests that are not complete, on all connections together.
  package var receivedBytes = 256 << 20
  /// How long the greetings of TLS and HTTP/2 may take.
  package var greeting = Duration.seconds(10)
  /// How long a request may take to come.
  package var request = Duration.seconds(300)
  /// How long a connection stays without calls, and an answer that the client does not take.
  package var idle = Duration.seconds(60)
  /// How many more calls than those answered a client may take back on one connection (CVE-2023-44487).
  package var resets = 200

  /// The size of a window for one stream, and for one connection.
  static let windows: (stream: UInt32, connection: Int32) = (4 << 20, 16 << 20)
  static let headerBytes = 16 << 10
  static let headers = 100

  package init() {}
}
