import Darkroom

/// Where orders wait, between those who ask and those who draw. It is in this process (`LocalQueue`); others may keep it
/// elsewhere.
///
/// Its unit is a batch: some pictures of one order. Batches of several clients take turns, so that a long order does
/// not hold up a short one.
package protocol JobQueue: Sendable {
  /// Takes an order, or joins the job of an identical one that waits, is at work or has been finished. The job is
  /// cancelled when all who follow it have left.
  /// - Parameter keeping: the job goes on though nobody follows it, and its result is asked for later.
  /// - Throws: `DarkroomError` of kind `busy` if there are too many.
  func submit(_ order: Order, keeping: Bool) async throws -> Submission

  /// Follows a job that waits or is at work; nil if there is no such job.
  func events(of job: JobID) -> AsyncStream<JobEvent>?

  /// The jobs that wait or are at work, in the order in which they are drawn.
  var jobs: [JobSummary] { get }

  /// Ends a job for a client that asked for it; it goes on for others who did.
  /// - Returns: whether there is such a job of this client.
  func cancel(_ job: JobID, for client: String) -> Bool

  /// How a job stands whose result is kept; nil if there is none, or none any longer.
  func status(of job: JobID) -> JobStatus?

  /// The next batch to draw; waits for one. Nil when the queue is closed and empty.
  func next() async -> Batch?

  /// `cancel` is called when nobody wants the batch any longer, at once if that is so already.
  func whenUnwanted(_ batch: Batch, _ cancel: @escaping @Sendable () -> Void)

  /// What happens to a batch. Its last event ends it.
  func tell(_ event: JobEvent, of batch: Batch)

  /// Takes no more orders, and fails those that wait. Those at work go on.
  func close()

  /// Fails those at work too.
  func abandon()

  var load: QueueLoad { get }
  /// Whether `close` was called.
  var isClosed: Bool { get }
}

extension JobQueue {
  package func submit(_ order: Order) async throws -> Submission { try await submit(order, keeping: false) }
}

/// A job as who asked for it follows it.
package struct Submission: Sendable {
  package let id: JobID
  /// Everything that happens to the job, from what is known now on.
  package let events: AsyncStream<JobEvent>

  /// All pictures, in order. Cancelling the task leaves the job.
  /// - Throws: `DarkroomError`.
  package func pictures() async throws -> [MadePicture] {
    var pictures: [MadePicture] = []
    for await event in events {
      switch event {
      case .picture(let picture): pictures.append(picture)
      case .failed(let error): throw error
      case .finished: return pictures.sorted { $0.index < $1.index }
      case .queued, .started, .progress, .preview, .notice: break
      }
    }
    throw CancellationError()
  }
}

/// How a job stands that has not ended.
package struct JobSummary: Sendable {
  package let id: JobID
  /// Who asked for it; several if their orders were the same.
  package let clients: Set<String>
  /// The name of the API that asked first.
  package let door: String
  package let pictures: Int
  package let isWorking: Bool
  /// Jobs that go before it.
  package let ahead: Int
  /// Nil before the first step of all.
  package let progress: GenerationProgress?
  /// The last one.
  package let preview: GenerationPreview?
}

package struct JobID: Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ text: String) { description = text }

  /// 64 hexadecimal digits that nobody guesses.
  package static func random() -> JobID {
    var generator = SystemRandomNumberGenerator()
    return JobID(
      (0..<4).map { _ in
        let digits = String(generator.next(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
      }.joined())
  }
}

package enum JobStatus: Sendable {
  case waiting
  case working
  case done([MadePicture])
  case failed(DarkroomError)
}

/// Some pictures of a job that are drawn together.
package struct Batch: Sendable {
  package let job: JobID
  /// Of the job's batches.
  package let number: Int
  /// The index in the job of its first picture.
  package let firstPicture: Int
  package let order: Order
}

package struct QueueLoad: Sendable, Equatable {
  package var waiting = 0
  package var working = 0

  package init() {}
}
