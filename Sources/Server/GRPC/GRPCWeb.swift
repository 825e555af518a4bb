import FoundationEssentials

/// gRPC for those who have HTTP/1.1 only, such as browsers (github.com/grpc/grpc, doc/PROTOCOL-WEB.md).
package enum GRPCWeb {
  /// In the first byte of a frame: what follows are trailers.
  static let trailerFlag: UInt8 = 0x80
  private static let textType = "application/grpc-web-text"
  private static let types = [
    "application/grpc-web", "application/grpc-web+proto", textType, textType + "+proto",
  ]

  /// The type of a body; nil if it is none of gRPC-web's.
  private static func type(_ request: HTTPRequest) -> String? {
    let type = GRPCFraming.mediaType(request.headers)
    return types.contains(type) ? type : nil
  }

  package static func isCall(_ request: HTTPRequest) -> Bool { type(request) != nil }

  /// Runs a call. The stream of the body ends with the call, and who leaves it cancels the call.
  package static func answer(_ request: HTTPRequest, by service: some GRPCService) -> HTTPResponse {
    guard let type = type(request) else {
      return HTTPResponse(415, type: "text/plain", Array("expected one of \(types)\n".utf8))
    }
    guard request.method == "POST" else {
      var response = HTTPResponse(405, type: "text/plain", Array("calls of gRPC-web are posted\n".utf8))
      response.headers["allow"] = "POST"
      return response
    }
    let isText = type.hasPrefix(textType)
    var response = HTTPResponse(200, headers: ["content-type": type])
    response.headers.add(GRPCFraming.encodings.name, GRPCFraming.encodings.value)
    do throws(GRPCFailure) {
      let timeout = try GRPCFraming.timeout(request.headers["grpc-timeout"])
      let body = isText ? try decoded(request.body) : request.body
      let call = GRPCCall(
        path: request.path, headers: request.headers, message: try GRPCFraming.message(body),
        client: request.client)
      response.body = .stream(frames(of: call, timeout, service, isText: isText))
    } catch {
      for (name, value) in GRPCFraming.trailers(error) { response.headers.add(name, value) }
    }
    return response
  }

  private static func frames(
    of call: GRPCCall, _ timeout: Duration?, _ service: some GRPCService, isText: Bool
  ) -> AsyncStream<[UInt8]> {
    let deadline = timeout.map { ContinuousClock.now + $0 }
    return AsyncStream { stream in
      let send = { @Sendable (frame: [UInt8]) -> Void in
        stream.yield(isText ? Array(Data(frame).base64EncodedString().utf8) : frame)
      }
      let task = Task(executorPreference: ServerExecutor.shared) {
        let failure = await service.run(call, until: deadline, send: send)
        let trailers = GRPCFraming.trailers(failure).map { "\($0):\($1)\r\n" }.joined()
        send(GRPCFraming.frame(Array(trailers.utf8), flags: trailerFlag))
        stream.finish()
      }
      stream.onTermination = { _ in task.cancel() }
    }
  }

  /// What base64 stands for. Pieces that were encoded one by one, each with its own padding, may follow each other.
  private static func decoded(_ text: [UInt8]) throws(GRPCFailure) -> [UInt8] {
    let padding = UInt8(ascii: "=")
    var bytes: [UInt8] = []
    var rest = text[...]
    while !rest.isEmpty {
      let content = rest.prefix { $0 != padding }
      let end = content.count + rest.dropFirst(content.count).prefix { $0 == padding }.count
      guard let piece = Data(base64Encoded: Data(rest.prefix(end))) else {
        throw GRPCFailure(
          .invalidArgument,
          "the body is no base64 between bytes \(rest.startIndex) and \(rest.startIndex + end)")
      }
      bytes.append(contentsOf: piece)
      rest = rest.dropFirst(end)
    }
    return bytes
  }
}
