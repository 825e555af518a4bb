import Foundation
import Server
import Testing

@Suite struct GRPCWebTests {
  private static let path = "/gooseai.GenerationService/Generate"
  private static let twice = GRPCServiceDouble { call, answer in
    answer.yield(call.message)
    answer.yield(Array(call.path.utf8))
  }

  private static func request(
    _ body: [UInt8], type: String = "application/grpc-web+proto", timeout: String? = nil
  ) -> HTTPRequest {
    var request = HTTPRequest("POST", path, headers: ["Content-Type": type], body: body)
    request.headers["grpc-timeout"] = timeout
    return request
  }

  private static func pieces(_ response: HTTPResponse) async -> [[UInt8]] {
    guard case .stream(let stream) = response.body else { return [] }
    return await stream.reduce(into: []) { $0.append($1) }
  }

  private static func trailers(_ text: String) -> [UInt8] {
    [0x80, 0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8)
  }

  @Test(arguments: [
    "application/grpc-web", "application/grpc-web+proto", "Application/gRPC-Web ; charset=utf-8",
  ])
  func messagesAndThenTrailers(_ type: String) async {
    let response = GRPCWeb.answer(Self.request(GRPCFraming.frame([1, 2]), type: type), by: Self.twice)
    #expect(response.status == 200)
    let sent = response.headers["content-type"] ?? ""
    #expect(sent.hasPrefix("application/grpc-web"))
    let expected = [
      GRPCFraming.frame([1, 2]), GRPCFraming.frame(Array(Self.path.utf8)), Self.trailers("grpc-status:0\r\n"),
    ]
    #expect(await Self.pieces(response) == expected)
  }

  /// Each piece has its own padding, in both directions.
  @Test func textIsBase64() async {
    let frame = GRPCFraming.frame([1, 2])
    let body = [Array(frame[..<1]), Array(frame[1..<3]), Array(frame[3...])]
      .map { Data($0).base64EncodedString() }.joined()
    #expect(body.contains("=="))
    let request = Self.request(Array(body.utf8), type: "application/grpc-web-text")
    let response = GRPCWeb.answer(request, by: Self.twice)
    #expect(response.headers["content-type"] == "application/grpc-web-text")
    let pieces = await Self.pieces(response).map { Data(base64Encoded: Data($0)).map { [UInt8]($0) } }
    let expected = [frame, GRPCFraming.frame(Array(Self.path.utf8)), Self.trailers("grpc-status:0\r\n")]
    #expect(pieces == expected)
  }

  @Test func whatIsNoCallFailsInTheHeaders() {
    for (body, type, status) in [
      ([], "application/grpc-web", "3"), ([1, 0, 0, 0, 0], "application/grpc-web", "12"),
      (Array("!!!!".utf8), "application/grpc-web-text", "3"),
      (Array("====".utf8), "application/grpc-web-text", "3"),
    ] as [([UInt8], String, String)] {
      let response = GRPCWeb.answer(Self.request(body, type: type), by: Self.twice)
      #expect(response.status == 200 && response.bytes.isEmpty)
      #expect(response.headers["grpc-status"] == status && response.headers["grpc-message"] != nil)
      #expect(response.headers["grpc-accept-encoding"] == "identity")
    }
    let late = GRPCWeb.answer(Self.request(GRPCFraming.frame([]), timeout: "soon"), by: Self.twice)
    #expect(late.headers["grpc-status"] == "3")
  }

  @Test func otherTypesAndMethods() {
    #expect(GRPCWeb.answer(Self.request([], type: "application/json"), by: Self.twice).status == 415)
    #expect(!GRPCWeb.isCall(Self.request([], type: "application/grpc")))
    var request = Self.request(GRPCFraming.frame([]))
    #expect(GRPCWeb.isCall(request))
    request.method = "GET"
    #expect(GRPCWeb.answer(request, by: Self.twice).status == 405)
  }

  @Test func failuresComeAfterMessages() async {
    let service = GRPCServiceDouble { _, answer in
      answer.yield([1])
      throw GRPCFailure(.notFound, "no engine\r\ngrpc-status:0")
    }
    let pieces = await Self.pieces(GRPCWeb.answer(Self.request(GRPCFraming.frame([])), by: service))
    let trailers = Self.trailers("grpc-status:5\r\ngrpc-message:no engine%0D%0Agrpc-status:0\r\n")
    #expect(pieces == [GRPCFraming.frame([1]), trailers])
  }

  @Test func aDeadlineEndsTheCall() async {
    let service = GRPCServiceDouble { _, _ in try await Task.sleep(for: .seconds(60)) }
    let request = Self.request(GRPCFraming.frame([]), timeout: "20m")
    let pieces = await Self.pieces(GRPCWeb.answer(request, by: service))
    let trailers = String(decoding: pieces.last?.dropFirst(5) ?? [], as: UTF8.self)
    #expect(trailers.hasPrefix("grpc-status:4\r\n"))
    #expect(await service.isCancelled())
  }

  @Test func leavingTheStreamCancelsTheCall() async {
    let service = GRPCServiceDouble { _, answer in
      answer.yield([1])
      try await Task.sleep(for: .seconds(60))
    }
    let response = GRPCWeb.answer(Self.request(GRPCFraming.frame([])), by: service)
    let reader = Task {
      if case .stream(let stream) = response.body {
        for await _ in stream {}
      }
    }
    #expect(await service.hasBegun())
    reader.cancel()
    #expect(await service.isCancelled())
  }

  @Test func tooLongAnswersAreRefused() async {
    let service = GRPCServiceDouble { _, answer in answer.yield([UInt8](repeating: 0, count: 10 << 20 + 1)) }
    let pieces = await Self.pieces(GRPCWeb.answer(Self.request(GRPCFraming.frame([])), by: service))
    #expect(pieces.count == 1)
    let trailers = String(decoding: pieces.last?.dropFirst(5) ?? [], as: UTF8.self)
    #expect(trailers.hasPrefix("grpc-status:13\r\n"))
  }
}
