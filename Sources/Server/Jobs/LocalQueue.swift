import Darkroom
import Synchronization

/// A queue in this process. Results of finished jobs are kept for a while, and answer identical orders.
package final class LocalQueue: JobQueue {
  package struct Limits: Sendable {
    /// Jobs that wait.
    package var jobs = 64
    /// Of one client, while others wait too.
    package var jobsOfClient = 8
    /// Pictures of a batch.
    package var batch = 4
    package init() {}
  }

  private let limits: Limits
  private let results: ResultStore
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())

  /// - Parameter now: the clock, for tests.
  package init(
    _ limits: Limits = Limits(), results: ResultStore = ResultStore(),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    (self.limits, self.results, self.now) = (limits, results, now)
  }

  // MARK: Those who ask

  package func submit(_ order: Order, keeping: Bool) async throws -> Submission {
    let key = order.isShared ? try order.key() : nil
    if let key, let kept = results.result(of: key, at: now()) { return answered(kept, keeping) }
    let (stream, continuation) = AsyncStream.makeStream(of: JobEvent.self)
    let (id, listener) = try state.withLock { state in
      let known = key.flatMap { key in
        state.jobs.first { $0.value.key == key && !$0.value.isUnwanted }?.key
      }
      let id = known ?? .random()
      if known == nil {
        try state.admit(order, limits)
        state.add(order, as: id, key: key, batch: limits.batch)
      }
      state.jobs[id]?.clients.insert(order.client)
      if keeping { state.jobs[id]?.isKept = true }
      defer { state.wake() }
      return (id, state.listen(to: id, continuation))
    }
    follow(id, listener, continuation)
    return Submission(id: id, events: stream)
  }

  /// A job whose pictures were made before.
  private func answered(_ pictures: [MadePicture], _ keeping: Bool) -> Submission {
    let (stream, continuation) = AsyncStream.makeStream(of: JobEvent.self)
    for picture in pictures { continuation.yield(.picture(picture)) }
    continuation.yield(.finished)
    continuation.finish()
    let id = JobID.random()
    if keeping { results.keep(.done(pictures), of: id, key: nil, at: now()) }
    return Submission(id: id, events: stream)
  }

  package func events(of id: JobID) -> AsyncStream<JobEvent>? {
    let (stream, continuation) = AsyncStream.makeStream(of: JobEvent.self)
    guard let listener = state.withLock({ $0.jobs[id] == nil ? nil : $0.listen(to: id, continuation) }) else {
      return nil
    }
    follow(id, listener, continuation)
    return stream
  }

  /// - Parameter listener: nil for one that has heard the end.
  private func follow(
    _ id: JobID, _ listener: Int?, _ continuation: AsyncStream<JobEvent>.Continuation
  ) {
    guard let listener else { return continuation.finish() }
    continuation.onTermination = { [weak self] _ in self?.leave(id, listener) }
  }

  private func leave(_ id: JobID, _ listener: Int) {
    let cancels = state.withLock { state in
      state.jobs[id]?.listeners[listener] = nil
      return state.dropIfUnwanted(id)
    }
    for cancel in cancels { cancel() }
  }

  package func status(of id: JobID) -> JobStatus? {
    state.withLock { $0.jobs[id]?.outcome } ?? results.kept(id, at: now())
  }

  package var jobs: [JobSummary] { state.withLock { $0.summaries } }

  package func cancel(_ id: JobID, for client: String) -> Bool {
    guard let cancels = change({ $0.cancel(id, for: client) }) else { return false }
    for cancel in cancels { cancel() }
    settle(id)
    return true
  }

  package var isClosed: Bool { state.withLock { $0.isClosed } }

  package var load: QueueLoad { state.withLock { $0.load } }

  // MARK: Those who draw

  package func next() async -> Batch? {
    while !Task.isCancelled {
      let (batch, wait) = state.withLock { state -> (Batch?, AsyncStream<Void>?) in
        if let batch = state.takeNext() { return (batch, nil) }
        return state.isClosed ? (nil, nil) : (nil, state.waitForMore())
      }
      if let batch { return batch }
      guard let wait else { return nil }
      for await _ in wait { break }
    }
    return nil
  }

  package func whenUnwanted(_ batch: Batch, _ cancel: @escaping @Sendable () -> Void) {
    let isWanted = state.withLock { state in
      guard state.jobs[batch.job]?.isUnwanted == false else { return false }
      state.jobs[batch.job]?.cancels[batch.number] = cancel
      return true
    }
    if !isWanted { cancel() }
  }

  package func tell(_ event: JobEvent, of batch: Batch) {
    for cancel in change({ $0.tell(event, of: batch) }) { cancel() }
    if event.isLast { settle(batch.job) }
  }

  /// Puts a finished job's result where it is kept.
  private func settle(_ id: JobID) {
    guard let job = state.withLock({ $0.removeIfDone(id) }) else { return }
    guard job.key != nil || job.isKept else { return }
    results.keep(job.outcome, of: id, key: job.key, at: now())
  }

  package func close() { change { $0.close() } }

  package func abandon() {
    close()
    for cancel in change({ $0.abandon() }) { cancel() }
  }

  private func change<Result>(_ body: (inout State) -> Result) -> Result {
    let (result, ended) = state.withLock { state in (body(&state), state.takeEnded()) }
    for listener in ended { listener.finish() }
    return result
  }
}
