import Darkroom

extension Operation {
  package static let health = Operation(
    .open, .get, "/health", "Tells that the server lives",
    .tell { _ in HTTPResponse(json: ["status": "ok", "version": darkroomVersion]) })

  package static let ready = Operation(
    .open, .get, "/ready", "Tells whether the server takes work",
    .tell { visit in
      guard !visit.premises.queue.isClosed else { throw Refusal(.unavailable, "the server is shutting down") }
      return HTTPResponse(json: ["status": "ready"])
    })

  /// https://prometheus.io/docs/instrumenting/exposition_formats
  package static let metrics = Operation(
    .own, .get, "/metrics", "Tells figures of the server in Prometheus' format", answers: ["text/plain"],
    .tell { visit in
      HTTPResponse(type: "text/plain; version=0.0.4; charset=utf-8", Array(Metrics(visit.premises).text.utf8))
    })
}
