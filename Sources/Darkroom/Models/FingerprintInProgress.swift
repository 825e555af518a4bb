import Dispatch
import Hub
import Synchronization

/// A model's fingerprint that is made on a queue of its own, beside loading and drawing. It is no longer made when
/// nobody holds this.
package final class FingerprintInProgress: Sendable {
  private struct Abandoned: Error {}

  private let result = Mutex<Result<ModelFingerprint, any Error>?>(nil)
  private let group = DispatchGroup()

  package init(_ source: ModelSource, _ hashes: FileHashes) {
    if source.isBuiltIn {
      result.withLock { $0 = .success(.builtIn) }
      return
    }
    let queue = DispatchQueue(label: "darkroom.fingerprint", qos: .userInitiated)
    queue.async(group: group) { [weak self] in
      let made = Result {
        try ModelFingerprint.make(of: source, hashes: hashes) { [weak self] in
          if self == nil { throw Abandoned() }
        }
      }
      self?.result.withLock { $0 = made }
    }
  }

  /// Waits for it, on a thread that may wait.
  /// - Throws: `DarkroomError` of kind `model`; `CancellationError` soon after the task is cancelled.
  package func wait() throws -> ModelFingerprint {
    while group.wait(timeout: .now() + .milliseconds(20)) == .timedOut { try Task.checkCancellation() }
    guard let made = result.withLock({ $0 }) else { throw CancellationError() }
    return try made.get()
  }
}
