extension API {
  /// gRPC-web writes its own errors; these are of what comes before a call.
  static let grpcWeb = API("grpc-web", bodyLimit: 64 << 20, needsKey: false) { refusal, request in
    API.own.write(refusal, request)
  }
}

extension Operation {
  /// Stability's gRPC API over HTTP/1.1, as its TypeScript client and pages in browsers speak it.
  package static let grpcWeb: [Operation] = StabilityService.methods.map { path in
    Operation(
      .grpcWeb, .post, path, "A method of Stability's gRPC API, over HTTP/1.1", body: .bytes,
      answers: ["application/grpc-web+proto"],
      .tell { visit in GRPCWeb.answer(visit.request, by: visit.premises.service) })
  }
}
