import Darkroom

extension LocalQueue {
  /// An order with those who listen.
  struct Job {
    /// Nil for one that is not shared.
    let key: String?
    /// Whose turn it is, and all who asked for the same.
    let client: String
    var clients: Set<String> = []
    let door: String
    let pictureCount: Int
    var isKept = false
    /// Batches that have neither ended nor begun, and those that have begun.
    var waiting: Set<Int> = []
    var working: Set<Int> = []
    var progress: [Int: Double] = [:]
    var lastProgress: GenerationProgress?
    var preview: GenerationPreview?
    var shares: [Int: Double] = [:]
    /// What late listeners are told.
    var history: [JobEvent] = []
    var listeners: [Int: AsyncStream<JobEvent>.Continuation] = [:]
    var cancels: [Int: @Sendable () -> Void] = [:]
    var isUnwanted = false

    var isDone: Bool { history.last?.isLast ?? false }
    var isWorking: Bool { !working.isEmpty || !progress.isEmpty }
    var pictures: [MadePicture] {
      history.compactMap { if case .picture(let picture) = $0 { picture } else { nil } }
        .sorted { $0.index < $1.index }
    }

    init(_ order: Order, key: String?) {
      (self.key, client, door, pictureCount) = (key, order.client, order.door, order.pictures)
    }

    var outcome: JobStatus {
      switch history.last {
      case .finished?: .done(pictures)
      case .failed(let error)?: .failed(error)
      default: isWorking ? .working : .waiting
      }
    }

    /// Makes a batch's progress the job's.
    mutating func take(_ batchProgress: GenerationProgress, of batch: Batch) {
      progress[batch.number] = batchProgress.fraction
      var whole = batchProgress
      whole.fraction = progress.reduce(0) { $0 + $1.value * (shares[$1.key] ?? 0) }
      whole.pictures = pictureCount
      whole.finishedPictures = max(batchProgress.finishedPictures, pictures.count)
      let left = (shares[batch.number] ?? 1) * (1 - batchProgress.fraction)
      if left > 0 { whole.secondsLeft = batchProgress.secondsLeft.map { $0 * (1 - whole.fraction) / left } }
      lastProgress = whole
      send(.progress(whole))
    }

    func send(_ event: JobEvent) {
      for listener in listeners.values { listener.yield(event) }
    }
  }

  struct State {
    private struct Waiting {
      let batch: Batch
      /// Who has had less so far comes first: start-time fair queueing.
      let tag: Double
    }

    var jobs: [JobID: Job] = [:]
    private var waiting: [Waiting] = []
    /// Of the batch that was taken last, and of each client's last one.
    private var time = 0.0
    private var tags: [String: Double] = [:]
    private var sleepers: [AsyncStream<Void>.Continuation] = []
    var listeners = 0
    /// Listeners that have heard the last event. They are ended outside of the lock, since their ends call back.
    private(set) var ended: [AsyncStream<JobEvent>.Continuation] = []
    private(set) var isClosed = false

    var load: QueueLoad {
      var load = QueueLoad()
      for job in jobs.values where !job.isDone {
        if job.isWorking { load.working += 1 } else { load.waiting += 1 }
      }
      return load
    }

    var summaries: [JobSummary] {
      jobs.filter { !$0.value.isDone }.map { id, job in
        JobSummary(
          id: id, clients: job.clients, door: job.door, pictures: job.pictureCount, isWorking: job.isWorking,
          ahead: job.isWorking ? 0 : ahead(of: id), progress: job.lastProgress, preview: job.preview)
      }.sorted { ($0.isWorking ? 0 : 1, $0.ahead) < ($1.isWorking ? 0 : 1, $1.ahead) }
    }

    // MARK: Orders

    func admit(_ order: Order, _ limits: Limits) throws {
      guard !isClosed else {
        throw Self.shutDown
      }
      let waiting = jobs.values.filter { !$0.isWorking && !$0.isDone }
      guard waiting.count < limits.jobs else {
        throw DarkroomError(
          .busy, expected: "fewer than \(limits.jobs)", help: "try again later",
          "too many jobs are waiting (\(waiting.count))")
      }
      let own = waiting.count(where: { $0.client == order.client })
      guard own < limits.jobsOfClient || own == waiting.count else {
        throw DarkroomError(
          .busy, expected: "fewer than \(limits.jobsOfClient) while others wait", help: "try again later",
          "too many jobs of this client are waiting (\(own))")
      }
    }

    mutating func add(_ order: Order, as id: JobID, key: String?, batch most: Int) {
      var job = Job(order, key: key)
      for (number, part) in order.batches(of: most).enumerated() {
        let tag = max(time, tags[order.client] ?? 0) + part.order.cost
        tags[order.client] = tag
        waiting.append(
          Waiting(
            batch: Batch(job: id, number: number, firstPicture: part.first, order: part.order), tag: tag))
        job.waiting.insert(number)
        job.shares[number] = Double(part.order.pictures) / Double(order.pictures)
      }
      jobs[id] = job
    }

    /// Tells what is known of a job, and from now on what happens to it.
    /// - Returns: the listener's number; nil if the job has ended.
    mutating func listen(to id: JobID, _ listener: AsyncStream<JobEvent>.Continuation) -> Int? {
      guard let job = jobs[id] else { return nil }
      for event in job.history { listener.yield(event) }
      guard !job.isDone else { return nil }
      if !job.isWorking { listener.yield(.queued(ahead: ahead(of: id))) }
      listeners += 1
      jobs[id]?.listeners[listeners] = listener
      return listeners
    }

    /// Jobs of which something is drawn before the first of this one.
    func ahead(of id: JobID) -> Int {
      guard let own = waiting.filter({ $0.batch.job == id }).map(\.tag).min() else { return 0 }
      let before = waiting.filter { $0.tag < own }.map(\.batch.job)
      return Set(before).union(jobs.filter { $0.value.isWorking && !$0.value.isDone }.map(\.key)).count
    }

    // MARK: Batches

    mutating func takeNext() -> Batch? {
      guard let next = waiting.indices.min(by: { waiting[$0].tag < waiting[$1].tag }) else { return nil }
      let taken = waiting.remove(at: next)
      time = taken.tag
      tags = tags.filter { $0.value > time }
      let (id, number) = (taken.batch.job, taken.batch.number)
      let isFirst = jobs[id]?.isWorking == false
      jobs[id]?.waiting.remove(number)
      jobs[id]?.working.insert(number)
      if isFirst { jobs[id]?.send(.started) }
      for id in Set(waiting.map(\.batch.job)) where jobs[id]?.isWorking == false {
        jobs[id]?.send(.queued(ahead: ahead(of: id)))
      }
      return taken.batch
    }

    mutating func waitForMore() -> AsyncStream<Void> {
      let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
      sleepers.append(continuation)
      return stream
    }

    mutating func wake() {
      for sleeper in sleepers { sleeper.finish() }
      sleepers = []
    }

    /// - Returns: what cancels batches that are not wanted any longer.
    mutating func tell(_ event: JobEvent, of batch: Batch) -> [@Sendable () -> Void] {
      guard var job = jobs[batch.job], !job.isDone else { return [] }
      var cancels: [@Sendable () -> Void] = []
      switch event {
      case .finished:
        job.working.remove(batch.number)
        job.cancels[batch.number] = nil
        job.progress[batch.number] = 1
        if job.working.isEmpty, job.waiting.isEmpty { end(&job, with: .finished) }
      case .failed:
        cancels = Array(job.cancels.filter { $0.key != batch.number }.values)
        waiting.removeAll { $0.batch.job == batch.job }
        end(&job, with: event)
      case .progress(let progress): job.take(progress, of: batch)
      case .picture(var picture):
        picture.index += batch.firstPicture
        job.history.append(.picture(picture))
        job.send(.picture(picture))
      case .notice:
        job.history.append(event)
        job.send(event)
      case .preview(let preview):
        let moved = preview.moved(by: batch.firstPicture)
        job.preview = moved
        job.send(.preview(moved))
      case .queued, .started: job.send(event)
      }
      jobs[batch.job] = job
      return cancels
    }

    /// - Returns: what cancels the job's batches; nil if there is no such job of this client.
    mutating func cancel(_ id: JobID, for client: String) -> [@Sendable () -> Void]? {
      guard let job = jobs[id], !job.isDone, job.clients.contains(client) else { return nil }
      jobs[id]?.clients.remove(client)
      guard job.clients.count == 1 else { return [] }
      let error = DarkroomError(.cancelled, "the job was cancelled")
      waiting.removeAll { $0.batch.job == id }
      var ended = job
      end(&ended, with: .failed(error))
      jobs[id] = ended
      return Array(job.cancels.values)
    }

    /// A job that nobody listens to any longer is taken back.
    mutating func dropIfUnwanted(_ id: JobID) -> [@Sendable () -> Void] {
      guard let job = jobs[id], job.listeners.isEmpty, !job.isKept, !job.isDone else { return [] }
      waiting.removeAll { $0.batch.job == id }
      guard !job.working.isEmpty else {
        jobs[id] = nil
        return []
      }
      jobs[id]?.isUnwanted = true
      jobs[id]?.waiting = []
      return Array(job.cancels.values)
    }

    mutating func removeIfDone(_ id: JobID) -> Job? {
      guard let job = jobs[id], job.isDone else { return nil }
      jobs[id] = nil
      return job
    }

    private static let shutDown = DarkroomError(.cancelled, "the server is being shut down")

    mutating func close() {
      isClosed = true
      for id in Set(waiting.map(\.batch.job)) where jobs[id]?.isWorking == false { fail(id) }
      waiting.removeAll { jobs[$0.batch.job] == nil }
      wake()
    }

    mutating func abandon() -> [@Sendable () -> Void] {
      waiting = []
      let cancels = jobs.values.flatMap(\.cancels.values)
      for id in jobs.filter({ !$0.value.isDone }).keys { fail(id) }
      return cancels
    }

    private mutating func fail(_ id: JobID) {
      guard var job = jobs.removeValue(forKey: id) else { return }
      end(&job, with: .failed(Self.shutDown))
    }

    private mutating func end(_ job: inout Job, with event: JobEvent) {
      job.history.append(event)
      job.send(event)
      ended += job.listeners.values
      job.listeners = [:]
    }

    mutating func takeEnded() -> [AsyncStream<JobEvent>.Continuation] {
      defer { ended = [] }
      return ended
    }
  }
}
