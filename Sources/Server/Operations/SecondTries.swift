import Darkroom
import Synchronization

/// Lets a client that tries again, because it gave up waiting, join the job of its first try: the seed that it left open
/// stays the same, and the job goes on for a while without it.
package final class SecondTries: Sendable {
  private struct Try {
    let key: [UInt8]
    let seed: UInt64
    let time: ContinuousClock.Instant
  }

  private static let most = 256
  private static let memory = Duration.seconds(600)

  /// The oldest first.
  private let tries = Mutex<[Try]>([])
  /// How long a job whose client's time is over waits for another try.
  private let patience: Duration

  package init(patience: Duration = .seconds(30)) { self.patience = patience }

  /// - Parameter isAnother: whether the client says that it has asked before.
  /// - Returns: the seed of the first try, or a random one.
  func seed(for visit: Visit, isAnother: Bool) -> UInt64 {
    let key = visit.arguments.digest + Array("\(visit.request.client) \(visit.request.path)".utf8)
    let now = ContinuousClock.now
    return tries.withLock { tries in
      tries.removeAll { $0.time + Self.memory < now }
      if isAnother, let known = tries.last(where: { $0.key == key }) { return known.seed }
      let seed = UInt64(UInt32.random(in: 1...UInt32.max))
      if tries.count == Self.most { tries.removeFirst() }
      tries.append(Try(key: key, seed: seed, time: now))
      return seed
    }
  }

  /// A job whose client leaves because its time is over goes on for a while.
  /// - Parameter time: how long the client waits; cancel the task when it need not wait any longer.
  func hold(
    _ job: JobID, _ queue: any JobQueue, for time: Duration, since start: ContinuousClock.Instant
  ) -> Task<Void, any Error> {
    Task(executorPreference: ServerExecutor.shared) { [patience] in
      // Clients keep the time too, from a little earlier on.
      try await Task.sleep(until: start + time * 0.9, clock: .continuous)
      guard let events = queue.events(of: job) else { return }
      Task(executorPreference: ServerExecutor.shared) {
        let listening = Task(executorPreference: ServerExecutor.shared) { for await _ in events {} }
        try? await Task.sleep(for: time * 0.1 + patience)
        listening.cancel()
      }
    }
  }
}
