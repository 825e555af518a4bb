import Darkroom
import Synchronization

/// The prompts of ComfyUI's clients: those that wait or are at work, and what became of the others, for a day.
package final class ComfyPrompts: Sendable {
  /// A prompt as it was sent.
  struct Prompt: Sendable {
    let id: String
    /// Whose it is; "" where no keys tell clients apart.
    let room: String
    let number: Double
    let graph: FieldValue
    let extra: FieldValue
    /// Nodes that it is worked on for.
    let outputs: [String]
    /// What makes the same pictures has the same.
    let key: String

    /// As `/queue` and `/history` have it.
    var json: FieldValue {
      [
        .number(number.shortest), .text(id), graph, extra, .list(outputs.map(FieldValue.text)),
      ]
    }

    var size: Int { graph.json.utf8.count + extra.json.utf8.count }
  }

  struct Outcome: Sendable {
    var outputs: [String: [ComfyFiles.Name]] = [:]
    /// Messages that were sent, with their names.
    var messages: [FieldValue] = []
    var isComplete = false

    func json(_ prompt: Prompt) -> FieldValue {
      let meta = prompt.outputs.map { ($0, ["node_id": .text($0), "display_node": .text($0)] as FieldValue) }
      return [
        "prompt": prompt.json, "outputs": .object(outputs.mapValues(Self.images)),
        "status": [
          "status_str": isComplete ? "success" : "error", "completed": .flag(isComplete),
          "messages": .list(messages),
        ], "meta": .object(Dictionary(meta) { first, _ in first }),
      ]
    }

    static func images(_ names: [ComfyFiles.Name]) -> FieldValue { ["images": .list(names.map(\.json))] }
  }

  private struct Entry {
    let prompt: Prompt
    var task: Task<Void, Never>?
    var isWorking = false
    var outcome: Outcome?
    var end: ContinuousClock.Instant?
    let size: Int
  }

  private struct State {
    /// In the order in which they came.
    var entries: [Entry] = []
    var count = 0

    mutating func change(_ id: String, _ body: (inout Entry) -> Void) {
      if let index = entries.firstIndex(where: { $0.prompt.id == id }) { body(&entries[index]) }
    }
  }

  private let limit: Int
  private let time: Duration
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())
  private static let most = 1000

  /// - Parameters:
  ///   - limit: bytes of all graphs that are kept.
  ///   - now: the clock, for tests.
  package init(
    limit: Int = 32 << 20, time: Duration = .seconds(24 * 3600),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    (self.limit, self.time, self.now) = (limit, time, now)
  }

  /// The next prompt's number.
  func next() -> Int {
    state.withLock { state in
      defer { state.count += 1 }
      return state.count
    }
  }

  /// Takes a prompt, and begins the work.
  /// - Throws: `Refusal` if too many are at work.
  func add(_ prompt: Prompt, _ work: @escaping @Sendable () async -> Void) throws {
    try state.withLock { state in
      state.entries.append(Entry(prompt: prompt, size: prompt.size))
      trim(&state)
      guard state.entries.count <= Self.most, state.entries.reduce(0, { $0 + $1.size }) <= limit else {
        state.entries.removeLast()
        throw Refusal(.tooMany, "too many prompts are at work")
      }
      let task = Task(executorPreference: ServerExecutor.shared) { await work() }
      state.change(prompt.id) { $0.task = task }
    }
  }

  func begin(_ id: String) { state.withLock { $0.change(id) { $0.isWorking = true } } }

  func end(_ id: String, _ outcome: Outcome) {
    let end = now() + time
    state.withLock { state in
      state.change(id) { ($0.outcome, $0.end, $0.isWorking, $0.task) = (outcome, end, false, nil) }
    }
  }

  /// Those that have ended go first.
  private func trim(_ state: inout State) {
    let now = now()
    state.entries.removeAll { $0.end.map { $0 <= now } ?? false }
    var bytes = state.entries.reduce(0) { $0 + $1.size }
    while bytes > limit || state.entries.count > Self.most,
      let oldest = state.entries.firstIndex(where: { $0.outcome != nil })
    {
      bytes -= state.entries.remove(at: oldest).size
    }
  }

  func isFree(_ id: String) -> Bool { state.withLock { !$0.entries.contains { $0.prompt.id == id } } }

  // MARK: What is told

  func remaining(in room: String) -> Int {
    state.withLock { $0.entries.count { $0.prompt.room == room && $0.outcome == nil } }
  }

  var isWorking: Bool { state.withLock { $0.entries.contains { $0.outcome == nil } } }

  func queue(of room: String) -> (running: [FieldValue], pending: [FieldValue]) {
    state.withLock { state in
      let open = state.entries.filter { $0.prompt.room == room && $0.outcome == nil }
      return (open.filter(\.isWorking).map(\.prompt.json), open.filter { !$0.isWorking }.map(\.prompt.json))
    }
  }

  /// - Parameters:
  ///   - id: of one; nil for all.
  ///   - most: the last ones.
  func history(of room: String, _ id: String? = nil, most: Int = .max) -> FieldValue {
    let found = state.withLock { state in
      trim(&state)
      return state.entries.filter {
        $0.prompt.room == room && $0.outcome != nil && id ?? $0.prompt.id == $0.prompt.id
      }
    }
    let pairs = found.suffix(most).compactMap { entry in
      entry.outcome.map { (entry.prompt.id, $0.json(entry.prompt)) }
    }
    return .object(Dictionary(pairs) { $1 })
  }

  /// What an identical prompt has made.
  func outputs(of key: String, in room: String) -> [String: [ComfyFiles.Name]]? {
    state.withLock { state in
      state.entries.last { $0.prompt.key == key && $0.prompt.room == room && $0.outcome?.isComplete == true }?
        .outcome?.outputs
    }
  }

  // MARK: What is taken back

  /// - Parameter id: of one; nil for all.
  func forget(_ id: String?, of room: String) {
    state.withLock { state in
      state.entries.removeAll {
        $0.prompt.room == room && $0.outcome != nil && id ?? $0.prompt.id == $0.prompt.id
      }
    }
  }

  /// Ends prompts that wait, or those that are at work.
  /// - Parameter id: of one; nil for all.
  func cancel(_ id: String?, of room: String, working: Bool) {
    let tasks = state.withLock { state in
      state.entries.filter {
        $0.prompt.room == room && $0.outcome == nil && $0.isWorking == working
          && id ?? $0.prompt.id == $0.prompt.id
      }.compactMap(\.task)
    }
    for task in tasks { task.cancel() }
  }
}
