/// A call of a method with one message.
package struct GRPCCall: Sendable {
  /// "/gooseai.GenerationService/Generate".
  package var path: String
  package var headers: HTTPHeaders
  package var message: [UInt8]
  /// Whose turn it is when several wait.
  package var client: String

  package init(path: String, headers: HTTPHeaders = HTTPHeaders(), message: [UInt8], client: String = "test")
  {
    (self.path, self.headers, self.message, self.client) = (path, headers, message, client)
  }
}

/// How a call that failed ends.
package struct GRPCFailure: Error, Equatable {
  /// https://grpc.io/docs/guides/status-codes
  package enum Code: Int, Sendable {
    case cancelled = 1
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case resourceExhausted = 8
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case unauthenticated = 16
  }

  package var code: Code
  package var message: String

  package init(_ code: Code, _ message: String) { (self.code, self.message) = (code, message) }
}

/// What answers calls, whether they come as gRPC or as gRPC-web.
package protocol GRPCService: Sendable {
  /// The messages of the answer as they come. The end of the stream is the status 0; what it throws is a `GRPCFailure`.
  /// Who leaves the stream cancels the call.
  func answer(_ call: GRPCCall) -> AsyncThrowingStream<[UInt8], any Error>
}
