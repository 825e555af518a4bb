import Server
import Synchronization

/// A service that answers as a test wants.
final class GRPCServiceDouble: GRPCService {
  typealias Answer = AsyncThrowingStream<[UInt8], any Error>.Continuation

  private let body: @Sendable (GRPCCall, Answer) async throws -> Void
  private let state = Mutex((begun: 0, cancelled: 0))

  init(_ body: @escaping @Sendable (GRPCCall, Answer) async throws -> Void) { self.body = body }

  func answer(_ call: GRPCCall) -> AsyncThrowingStream<[UInt8], any Error> {
    AsyncThrowingStream { answer in
      let task = Task(executorPreference: ServerExecutor.shared) { [body] in
        self.state.withLock { $0.begun += 1 }
        do {
          try await body(call, answer)
          answer.finish()
        } catch {
          answer.finish(throwing: error)
        }
        if Task.isCancelled { self.state.withLock { $0.cancelled += 1 } }
      }
      answer.onTermination = { _ in task.cancel() }
    }
  }

  /// How many calls were begun and cancelled so far.
  var counts: (begun: Int, cancelled: Int) { state.withLock { $0 } }

  func hasBegun(_ count: Int = 1) async -> Bool { await comes { self.counts.begun >= count } }

  func isCancelled(_ count: Int = 1) async -> Bool { await comes { self.counts.cancelled >= count } }
}

/// Waits until something holds; false if it does not within a minute.
func comes(_ condition: @Sendable () -> Bool) async -> Bool {
  for _ in 0..<6000 {
    if condition() { return true }
    try? await Task.sleep(for: .milliseconds(10))
  }
  return condition()
}
