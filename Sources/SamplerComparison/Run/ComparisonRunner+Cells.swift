import Darkroom
import Sampling

extension ComparisonRunner {
  /// A picture to make, with every name looked up. Its job, which holds a list of steps, is made when its turn comes.
  struct PlannedCell {
    let key: CellKey
    let request: GenerationRequest
    let kind: ComparisonKind
    /// Network calls, or a few more: the last step may need fewer.
    let calls: Int
    private let isAdaptive: Bool

    var label: String { "\(key.sampler), \(key.schedule), \(key.steps) steps, seed \(key.seed)" }
  }
}

extension ComparisonRunner.PlannedCell {
  /// - Parameter prompt: its place in the results.
  /// - Throws: `DarkroomError` or `SamplingError` if the picture is not possible.
  init(_ wanted: GenerationRequest, _ pipeline: Pipeline, prompt: Int) throws {
    var request = wanted
    let job = try pipeline.resolve(request)
    let isStochastic = job.sampler.isStochastic(eta: job.request.eta, in: job.request.system)
    switch job.sampler.limit {
    case .flow: kind = .ode
    // One that chooses its steps cannot be asked for more of them.
    case .path: kind = !isStochastic ? .ode : job.sampler.isAdaptive ? .none : .path
    case .none: kind = .none
    }
    isAdaptive = job.sampler.isAdaptive
    // A path can be refined; the generator's next numbers cannot.
    if kind == .path { request.stepNoise = .brownian }
    key = CellKey(
      sampler: job.request.sampler, schedule: job.request.schedule, steps: job.request.steps,
      seed: job.request.seed, prompt: prompt)
    calls = job.passes[0].count * job.sampler.callsPerStep
    self.request = request
  }

  /// Nil if there is nothing to measure the picture against.
  var referenceKey: ReferenceKey? {
    guard kind != .none else { return nil }
    return ReferenceKey(
      prompt: key.prompt, seed: key.seed, kind: kind, sampler: kind == .path ? key.sampler : nil)
  }

  var whyNotComparable: String? {
    guard kind == .none else { return nil }
    return isAdaptive
      ? "\(key.sampler) chooses its steps, and with noise on the way more of them cannot be had, so there is nothing to converge to"
      : "\(key.sampler) has no limit: each number of steps has its own pictures, so there is nothing to converge to"
  }
}

extension CellKey {
  static func stem(prompt: Int, seed: UInt64) -> String { "p\(prompt + 1)-s\(seed)" }

  /// The name of the cell's picture.
  var picture: String { "\(Self.stem(prompt: prompt, seed: seed))-\(method.stem)-\(steps).png" }
}

extension SamplingMethod {
  /// For file names: letters, digits and what else names may hold.
  package var stem: String {
    let text = "\(sampler)-\(schedule)".lowercased().unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "a"..."z", "0"..."9", "_", "-": Character(scalar)
      default: "_"
      }
    }
    return String(text)
  }
}

/// Records under keys whose order does not depend on when they were made.
struct OrderedRecords<Key: Hashable, Record> {
  private var order: [Key]
  private var places: Set<Key>
  private var records: [Key: Record]

  /// - Parameter order: of keys, which may not have a record yet; others follow as they come.
  init(_ records: [Record], by key: (Record) -> Key, order: [Key]) {
    (self.order, places) = (order, Set(order))
    self.records = Dictionary(records.map { (key($0), $0) }) { first, _ in first }
  }

  subscript(key: Key) -> Record? {
    get { records[key] }
    set {
      records[key] = newValue
      if places.insert(key).inserted { order.append(key) }
    }
  }

  var all: [Record] { order.compactMap { records[$0] } }
}
