import Darkroom
import FoundationEssentials
import Synchronization

/// What the web UI's API remembers between requests: its options, and who draws by it now.
package final class A1111Door: Sendable {
  private struct State {
    var options: [String: FieldValue] = [:]
    /// The oldest first.
    var runs: [A1111Run] = []
  }

  private let state = Mutex(State())
  /// Bytes of all options as JSON.
  private static let most = 1 << 20

  package init() {}

  /// What clients have set.
  var options: [String: FieldValue] { state.withLock { $0.options } }

  /// - Throws: `Refusal` if there are too many.
  func set(_ options: [String: FieldValue]) throws {
    try state.withLock { state in
      let all = state.options.merging(options) { $1 }
      guard FieldValue.object(all).json.utf8.count <= Self.most else {
        throw Refusal(.tooLarge, field: "body", "all options together must have at most \(Self.most) bytes")
      }
      state.options = all
    }
  }

  func begin(_ title: String, parts: Int, for client: String) -> A1111Run {
    let run = A1111Run(title, parts: parts, for: client)
    state.withLock { $0.runs.append(run) }
    return run
  }

  func end(_ run: A1111Run) { state.withLock { $0.runs.removeAll { $0 === run } } }

  /// The oldest first.
  func runs(of client: String) -> [A1111Run] {
    state.withLock { $0.runs.filter { $0.client == client } }
  }
}

/// A request of a client at work: its parts are drawn one after the other, and can be ended one by one.
final class A1111Run: Sendable {
  struct Place {
    /// The part at work, from 0.
    var part = 0
    /// The job of this part.
    var job: JobID?
    var isInterrupted = false
    var isSkipped = false
  }

  let title: String
  let parts: Int
  let client: String
  let start = Date.now
  private let state = Mutex<(place: Place, stop: (@Sendable () -> Void)?)>((Place(), nil))

  init(_ title: String, parts: Int, for client: String) {
    (self.title, self.parts, self.client) = (title, parts, client)
  }

  var place: Place { state.withLock { $0.place } }

  /// - Returns: whether the part is still wanted.
  func enter(part: Int) -> Bool {
    state.withLock { state in
      (state.place.part, state.place.job, state.place.isSkipped, state.stop) = (part, nil, false, nil)
      return !state.place.isInterrupted
    }
  }

  /// Ends the part at work and all that follow.
  func interrupt() {
    let stop = state.withLock { state in
      state.place.isInterrupted = true
      return state.stop
    }
    stop?()
  }

  /// Ends the part at work.
  func skip() {
    let stop = state.withLock { state in
      state.place.isSkipped = true
      return state.stop
    }
    stop?()
  }

  /// The pictures of the part at work: those that are finished, where it is ended before.
  /// - Throws: `DarkroomError`, or `CancellationError` if the client has left.
  func pictures(of job: Submission) async throws -> [MadePicture] {
    let work = Task(executorPreference: ServerExecutor.shared) { () throws -> [MadePicture] in
      var made: [MadePicture] = []
      // Whoever stops listening leaves the job, which ends if nobody else has asked for the same.
      for await event in job.events {
        if case .picture(let picture) = event { made.append(picture) }
        if case .failed(let error) = event { throw error }
      }
      return made.sorted { $0.index < $1.index }
    }
    follow(job.id) { work.cancel() }
    let made = try await withTaskCancellationHandler {
      try await work.value
    } onCancel: {
      work.cancel()
    }
    try Task.checkCancellation()
    return made
  }

  private func follow(_ job: JobID, _ stop: @escaping @Sendable () -> Void) {
    let isEnded = state.withLock { state in
      (state.place.job, state.stop) = (job, stop)
      return state.place.isInterrupted || state.place.isSkipped
    }
    if isEnded { stop() }
  }
}
