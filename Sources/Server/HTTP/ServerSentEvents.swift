/// A stream of events as browsers read it (HTML Standard, 9.2).
package enum ServerSentEvents {
  /// - Parameters:
  ///   - event: its name; nil for none.
  ///   - data: one line.
  package static func bytes(_ event: String?, data: String) -> [UInt8] {
    Array("\(event.map { "event: \($0)\n" } ?? "")data: \(data)\n\n".utf8)
  }

  /// An answer of events. While nothing happens a comment is sent now and then, so that nobody on the way takes the
  /// connection for dead. Leaving it ends the iteration.
  /// - Parameter pieces: gives the bytes of events.
  package static func response(
    _ pieces: @escaping @Sendable (_ send: @escaping @Sendable ([UInt8]) -> Void) async -> Void
  ) -> HTTPResponse {
    let stream = AsyncStream<[UInt8]> { continuation in
      let work = Task(executorPreference: ServerExecutor.shared) {
        let alive = Task(executorPreference: ServerExecutor.shared) {
          while true {
            try await Task.sleep(for: .seconds(15))
            continuation.yield(Array(": waiting\n\n".utf8))
          }
        }
        await pieces { continuation.yield($0) }
        alive.cancel()
        continuation.finish()
      }
      continuation.onTermination = { _ in work.cancel() }
    }
    var response = HTTPResponse(200, headers: ["content-type": "text/event-stream"], body: .stream(stream))
    response.headers["cache-control"] = "no-store"
    // Proxies such as nginx would collect the events.
    response.headers["x-accel-buffering"] = "no"
    return response
  }
}
