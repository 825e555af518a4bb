import Darkroom
import Server
import Testing

@Suite struct LocalQueueTests {
  @Test func jobsOfSeveralClientsTakeTurns() async throws {
    let queue = LocalQueue()
    let long = try await queue.submit(order("a", pictures: 16, client: "long"))
    let short = try await queue.submit(order("b", client: "short"))
    defer { withExtendedLifetime((long, short)) {} }
    var clients: [String] = []
    for _ in 0..<5 { clients.append(try #require(await queue.next()).order.client) }
    #expect(clients.prefix(2).contains("short"), "four batches of the first client would be \(clients)")
    #expect(clients.count { $0 == "long" } == 4)
  }

  @Test func batchesHaveTheSeedsOfTheirPictures() async throws {
    let queue = LocalQueue()
    let submission = try await queue.submit(order("a", pictures: 6, seed: 10))
    defer { withExtendedLifetime(submission) {} }
    let (first, second) = (try #require(await queue.next()), try #require(await queue.next()))
    guard case .drawing(let a) = first.order.work, case .drawing(let b) = second.order.work else {
      Issue.record("no drawings")
      return
    }
    #expect((a.seed, a.count, b.seed, b.count) == (10, 4, 14, 2))
    #expect((first.firstPicture, second.firstPicture) == (0, 4))
  }

  @Test func aJobEndsWithItsLastBatch() async throws {
    let queue = LocalQueue()
    let events = try await queue.submit(order("a", pictures: 6)).events
    let (first, second) = (try #require(await queue.next()), try #require(await queue.next()))
    // The second batch may be ready before the first.
    for (batch, count) in [(second, 2), (first, 4)] {
      for index in 0..<count { queue.tell(.picture(picture(index)), of: batch) }
      queue.tell(.finished, of: batch)
    }
    var indices: [Int] = []
    for await event in events {
      if case .picture(let picture) = event { indices.append(picture.index) }
    }
    #expect(indices == [4, 5, 0, 1, 2, 3])
  }

  @Test func identicalOrdersShareAJobAndItsResult() async throws {
    let queue = LocalQueue()
    let job = try await queue.submit(order("a", seed: 1))
    let joined = try await queue.submit(order("a", seed: 1, client: "another"))
    let other = try await queue.submit(order("a", seed: 2))
    #expect(joined.id == job.id && other.id != job.id)
    let batch = try #require(await queue.next())
    queue.tell(.picture(picture(0)), of: batch)
    queue.tell(.finished, of: batch)
    for submission in [job, joined, try await queue.submit(order("a", seed: 1))] {
      var pictures = 0
      for await event in submission.events { if case .picture = event { pictures += 1 } }
      #expect(pictures == 1, "the last was made before")
    }
  }

  @Test func anOrderThatIsNotSharedIsDrawnAnew() async throws {
    let queue = LocalQueue()
    var alone = try order("a", seed: 1)
    alone.isShared = false
    let first = try await queue.submit(alone)
    let second = try await queue.submit(alone)
    let shared = try await queue.submit(order("a", seed: 1))
    #expect(Set([first.id, second.id, shared.id]).count == 3)
  }

  @Test func aJobIsTakenBackWhenAllListenersHaveLeft() async throws {
    let queue = LocalQueue()
    let (one, other) = (try await queue.submit(order("a")), try await queue.submit(order("a")))
    let batch = try #require(await queue.next())
    let cancelled = Flag()
    queue.whenUnwanted(batch) { cancelled.raise() }
    await leave(one.events)
    #expect(!cancelled.isRaised, "another listens")
    await leave(other.events)
    for _ in 0..<100 where !cancelled.isRaised { try await Task.sleep(for: .milliseconds(10)) }
    #expect(cancelled.isRaised)
  }

  @Test func aWaitingJobWithoutListenersIsNotDrawn() async throws {
    let queue = LocalQueue()
    await leave(try await queue.submit(order("a")).events)
    for _ in 0..<100 where queue.load.waiting > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(queue.load == QueueLoad())
  }

  @Test func aJobThatIsKeptGoesOnWithoutListeners() async throws {
    let queue = LocalQueue()
    let job = try await queue.submit(order("a"), keeping: true)
    await leave(job.events)
    let batch = try #require(await queue.next())
    queue.tell(.picture(picture(0)), of: batch)
    queue.tell(.finished, of: batch)
    guard case .done(let pictures)? = queue.status(of: job.id) else {
      Issue.record("no result")
      return
    }
    #expect(pictures.count == 1)
    #expect(queue.status(of: JobID("another")) == nil)
  }

  @Test func aJobThatEndsAtOnceIsHeardToTheEnd() async throws {
    let queue = LocalQueue()
    for seed in 1...50 {
      let drawing = Task {
        guard let batch = await queue.next() else { return }
        queue.tell(.picture(picture(0)), of: batch)
        queue.tell(.finished, of: batch)
      }
      let submission = try await queue.submit(order("a", seed: UInt64(seed)))
      await drawing.value
      #expect(await last(submission.events)?.isFailure == false)
    }
  }

  @Test func aFullQueueSaysSo() async throws {
    var limits = LocalQueue.Limits()
    (limits.jobs, limits.jobsOfClient) = (3, 2)
    let queue = LocalQueue(limits)
    var waiting: [Submission] = []
    for seed in 1...2 { waiting.append(try await queue.submit(order("a", seed: UInt64(seed)))) }
    // A client alone may fill the queue; with others it may not have more than its share.
    waiting.append(try await queue.submit(order("b", client: "another")))
    await #expect(throws: DarkroomError.self) { try await queue.submit(order("a", seed: 3)) }
    let error = await #expect(throws: DarkroomError.self) {
      try await queue.submit(order("c", client: "third"))
    }
    #expect(error?.kind == .busy)
  }

  @Test func aClientAloneMayFillTheQueue() async throws {
    var limits = LocalQueue.Limits()
    (limits.jobs, limits.jobsOfClient) = (20, 2)
    let queue = LocalQueue(limits)
    var waiting: [Submission] = []
    for seed in 1...20 { waiting.append(try await queue.submit(order("a", seed: UInt64(seed)))) }
    #expect(queue.load.waiting == 20)
  }

  @Test func closingFailsThoseThatWaitAndLetsOthersEnd() async throws {
    let queue = LocalQueue()
    let ended = try await queue.submit(order("a")).events
    let batch = try #require(await queue.next())
    let failed = try await queue.submit(order("b")).events
    queue.close()
    #expect(await last(failed)?.isFailure == true)
    queue.tell(.finished, of: batch)
    #expect(await last(ended)?.isFailure == false)
    #expect(await queue.next() == nil)
    await #expect(throws: DarkroomError.self) { try await queue.submit(order("c")) }
  }

  @Test func resultsGoWhenTheyAreOldOrTooMany() throws {
    var limits = ResultStore.Limits()
    (limits.bytes, limits.time) = (250, .seconds(10))
    let store = ResultStore(limits)
    let start = ContinuousClock.now
    for key in ["a", "b", "c"] {
      store.keep(.done([picture(0, bytes: 100)]), of: JobID(key), key: key, at: start)
    }
    #expect(store.result(of: "a", at: start) == nil, "300 bytes do not fit")
    #expect(store.result(of: "c", at: start) != nil)
    #expect(store.result(of: "c", at: start + .seconds(11)) == nil)
  }

  // MARK: Help

  private func leave(_ stream: AsyncStream<JobEvent>?) async {
    guard let stream else { return }
    let task = Task { for await _ in stream {} }
    task.cancel()
    await task.value
  }

  private func last(_ stream: AsyncStream<JobEvent>) async -> JobEvent? {
    var last: JobEvent?
    for await event in stream { last = event }
    return last
  }
}

extension JobEvent {
  fileprivate var isFailure: Bool { if case .failed = self { true } else { false } }
}
