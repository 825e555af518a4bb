import Darkroom
import Server
import Testing

@Suite struct LocalQueueTests {
  @Test func jobsOfSeveralClientsTakeTurns() async throws {
    let queue = LocalQueue()
    _ = try await queue.submit(order("a", pictures: 16, client: "long"))
    _ = try await queue.submit(order("b", client: "short"))
    var clients: [String] = []
    for _ in 0..<5 { clients.append(try #require(await queue.next()).order.client) }
    #expect(clients.prefix(2).contains("short"), "four batches of the first client would be \(clients)")
    #expect(clients.count { $0 == "long" } == 4)
  }

  @Test func batchesHaveTheSeedsOfTheirPictures() async throws {
    let queue = LocalQueue()
    _ = try await queue.submit(order("a", pictures: 6, seed: 10))
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
    let job = try await queue.submit(order("a", pictures: 6))
    let events = try #require(queue.events(of: job))
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
    #expect(try await queue.submit(order("a", seed: 1, client: "another")) == job)
    #expect(try await queue.submit(order("a", seed: 2)) != job)
    let batch = try #require(await queue.next())
    queue.tell(.picture(picture(0)), of: batch)
    queue.tell(.finished, of: batch)
    let later = try await queue.submit(order("a", seed: 1))
    var kept = 0
    for await event in try #require(queue.events(of: later)) { if case .picture = event { kept += 1 } }
    #expect(kept == 1, "the result is there without a batch")
  }

  @Test func anOrderThatIsNotSharedIsDrawnAnew() async throws {
    let queue = LocalQueue()
    var alone = try order("a", seed: 1)
    alone.isShared = false
    let first = try await queue.submit(alone)
    #expect(try await queue.submit(alone) != first)
    #expect(try await queue.submit(order("a", seed: 1)) != first)
  }

  @Test func aJobIsTakenBackWhenAllListenersHaveLeft() async throws {
    let queue = LocalQueue()
    let job = try await queue.submit(order("a"))
    let (one, other) = (queue.events(of: job), queue.events(of: job))
    let batch = try #require(await queue.next())
    let cancelled = Flag()
    queue.whenUnwanted(batch) { cancelled.raise() }
    await leave(one)
    #expect(!cancelled.isRaised, "another listens")
    await leave(other)
    for _ in 0..<100 where !cancelled.isRaised { try await Task.sleep(for: .milliseconds(10)) }
    #expect(cancelled.isRaised)
  }

  @Test func aWaitingJobWithoutListenersIsNotDrawn() async throws {
    let queue = LocalQueue()
    let job = try await queue.submit(order("a"))
    await leave(queue.events(of: job))
    for _ in 0..<100 where queue.load.waiting > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(queue.load == QueueLoad())
  }

  @Test func aJobThatIsKeptGoesOnWithoutListeners() async throws {
    let queue = LocalQueue()
    let job = try await queue.submit(order("a"))
    queue.keep(job)
    await leave(queue.events(of: job))
    let batch = try #require(await queue.next())
    queue.tell(.picture(picture(0)), of: batch)
    queue.tell(.finished, of: batch)
    guard case .done(let pictures)? = queue.status(of: job) else {
      Issue.record("no result")
      return
    }
    #expect(pictures.count == 1)
    #expect(queue.status(of: JobID("another")) == nil)
  }

  @Test func aFullQueueSaysSo() async throws {
    var limits = LocalQueue.Limits()
    (limits.jobs, limits.jobsOfClient) = (3, 2)
    let queue = LocalQueue(limits)
    for seed in 1...2 { _ = try await queue.submit(order("a", seed: UInt64(seed))) }
    // A client alone may fill the queue; with others it may not have more than its share.
    _ = try await queue.submit(order("b", client: "another"))
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
    for seed in 1...20 { _ = try await queue.submit(order("a", seed: UInt64(seed))) }
    #expect(queue.load.waiting == 20)
  }

  @Test func closingFailsThoseThatWaitAndLetsOthersEnd() async throws {
    let queue = LocalQueue()
    let working = try await queue.submit(order("a"))
    let ended = try #require(queue.events(of: working))
    let batch = try #require(await queue.next())
    let waiting = try await queue.submit(order("b"))
    let failed = try #require(queue.events(of: waiting))
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
