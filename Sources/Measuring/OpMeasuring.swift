import CPUBackend
import Darkroom
import Graph
import Families

extension Engine {
  /// Times each op of a step and of a decoding by itself, `rounds` times (at least once), in turns with the limits of
  /// the device.
  /// - Throws: as `generate`.
  package func measureOps(_ request: GenerationRequest, rounds: Int = 3) throws -> OpMeasurement {
    var request = request
    (request.count, request.secondPass) = (1, .never)
    let pipeline = try pipeline()
    return try DarkroomError.wrapping {
      try pipeline.measureOps(pipeline.resolve(request), rounds: max(1, rounds), threads: threads)
    }
  }
}

extension Pipeline {
  fileprivate func measureOps(_ job: Job, rounds: Int, threads: Int) throws -> OpMeasurement {
    let pass = job.passes[0]
    let reservation = try reserve(job)
    let format = reservation.format
    let networks = [
      TimedNetwork("unet", denoisers(pass, job, batch: 1)[0], .step, reservation, residents),
      TimedNetwork("vae", pass.model.decoder(pass.latents), .picture, reservation, residents),
    ]
    // The first run of each compiles and warms up.
    for network in networks { _ = try network.secondsPerNode() }
    var coreSpeeds: [Double] = []
    for _ in 0..<rounds {
      for network in networks {
        coreSpeeds.append(CPUBackend.coreSpeed())
        let limits = try backend.measuredLimits()
        if let seconds = try network.secondsPerNode() { network.runs.append(.init(limits, seconds)) }
      }
    }
    let limits = networks.flatMap { $0.runs.map(\.limits) }
    return OpMeasurement(
      ops: networks.flatMap(\.ops), summaries: networks.flatMap(\.summaries),
      limits: DeviceLimits(
        matrixOperationsPerSecond: median(limits.compactMap(\.matrixOperations)),
        scalarOperationsPerSecond: median(limits.compactMap(\.scalarOperations)),
        bytesPerSecond: median(limits.compactMap(\.bytes))),
      matrixLimit: median(limits.compactMap { $0.products(in: format.values) }),
      rounds: rounds, threads: threads, instructions: backend.summary, precision: format.name,
      coreSpeeds: coreSpeeds)
  }
}

/// The middle one, the upper of two; nil of none.
func median(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.sorted()[values.count / 2] }

extension HardwareLimits {
  /// Matrix products per second of values stored so.
  fileprivate func products(in storage: Storage) -> Double? {
    storage == .float32 ? scalarOperations ?? matrixOperations : matrixOperations
  }
}

/// A network, its program, and how long its nodes took in some runs.
private final class TimedNetwork {
  struct Run {
    let limits: HardwareLimits
    let seconds: [Double]

    init(_ limits: HardwareLimits, _ seconds: [Double]) {
      self.limits = limits
      self.seconds = seconds
    }
  }

  private let name: String
  private let rate: Rate
  private let plan: Plan
  private let program: () throws -> any Program
  private let kernel: (Node, Plan) -> String?
  private let nodes: ArraySlice<Node>
  var runs: [Run] = []

  init(
    _ name: String, _ module: Module, _ rate: Rate, _ reservation: Reservation, _ residents: ResidentModels
  ) {
    self.name = name
    self.rate = rate
    plan = residents.plan(module, reservation)
    nodes = rate == .picture ? plan.nodes[..<plan.prologue] : plan.nodes[plan.prologue...]
    kernel = { [backend = residents.backend] in backend.kernel(of: $0, in: $1) }
    // Asked for each time, since networks may take turns in memory.
    program = { try residents.program(module, reservation) }
  }

  /// Runs it on numbers that are none in particular.
  func secondsPerNode() throws -> [Double]? {
    let program = try program()
    write(.picture, to: program)
    if rate == .step {
      try program.run(.picture)
      write(.step, to: program)
    }
    return try program.secondsPerNode(rate)
  }

  private func write(_ rate: Rate, to program: any Program) {
    for input in plan.inputs where input.rate == rate {
      var state: UInt32 = 1
      let values = (0..<plan.place(input.value).count).map { _ in
        // Numerical Recipes' linear congruence.
        state = state &* 1_664_525 &+ 1_013_904_223
        return Float(state >> 8) / Float(1 << 23) * 1.7 - 1.7
      }
      values.withUnsafeBufferPointer { program.write($0, to: input.name) }
    }
  }

  var ops: [OpSpeed] {
    Dictionary(grouping: nodes.indices) { plan.title(of: plan.nodes[$0]) }.map { title, indices in
      let group = Group(indices, self)
      let first = plan.nodes[indices[0]]
      return OpSpeed(
        network: name, kind: first.op.kind, name: title, kernel: kernel(first, plan), count: indices.count,
        seconds: group.seconds, shareOfTime: group.shareOfTime,
        operationsPerSecond: group.operations / group.seconds, bytesPerSecond: group.bytes / group.seconds,
        share: group.share { [group] limits in
          // The least time in which the hardware could do it.
          [
            limits.products(in: self.plan.storage).map { group.operations / $0 },
            limits.bytes.map { group.bytes / $0 },
          ].compactMap { $0 }.max()
        })
    }
    .sorted { $0.seconds > $1.seconds }
  }

  var summaries: [OpSummary] {
    let parts: [(String, [OpSpeed.Kind])] = [
      ("convolutions and linears", [.convolution, .linear]), ("attention", [.attention]), ("other", [.other]),
      ("all", [.convolution, .linear, .attention, .other]),
    ]
    return parts.compactMap { title, kinds in
      let indices = nodes.indices.filter { kinds.contains(plan.nodes[$0].op.kind) }
      guard !indices.isEmpty else { return nil }
      let group = Group(indices, self)
      return OpSummary(
        network: name, name: title, seconds: group.seconds, shareOfTime: group.shareOfTime,
        operationsPerSecond: group.operations / group.seconds,
        share: kinds == [.other]
          ? nil : group.share { $0.products(in: self.plan.storage).map { group.operations / $0 } })
    }
  }

  /// Some of the nodes together.
  private struct Group {
    let operations: Double
    let bytes: Double
    /// Median of the runs.
    let seconds: Double
    let shareOfTime: Double
    private let runs: [(limits: HardwareLimits, seconds: Double)]

    init(_ indices: [Int], _ network: TimedNetwork) {
      let (plan, first) = (network.plan, network.nodes.startIndex)
      operations = indices.reduce(0) { $0 + Double(plan.operations(of: plan.nodes[$1])) }
      bytes = indices.reduce(0) { $0 + Double(plan.bytes(of: plan.nodes[$1])) }
      let seconds = network.runs.map { run in indices.reduce(0) { $0 + run.seconds[$1 - first] } }
      // A clock that shows nothing would divide by zero.
      runs = zip(network.runs, seconds).map { ($0.limits, max($1, 1e-9)) }
      self.seconds = median(runs.map(\.seconds)) ?? 0
      shareOfTime =
        median(zip(runs, network.runs).map { $0.seconds / max($1.seconds.reduce(0, +), 1e-9) }) ?? 0
    }

    /// How much of each run the least time is, with the limits beside it.
    func share(_ least: (HardwareLimits) -> Double?) -> Double? {
      median(runs.compactMap { run in least(run.limits).map { $0 / run.seconds } })
    }
  }
}

extension Op {
  fileprivate var kind: OpSpeed.Kind {
    switch self {
    case .conv2d: .convolution
    case .linear: .linear
    case .attention: .attention
    default: .other
    }
  }
}

extension Plan {
  /// A node's op and sizes in words.
  fileprivate func title(of node: Node) -> String {
    let (input, result) = (node.inputs[0].shape, self.result(of: node).shape)
    switch node.op {
    case .conv2d(_, let window):
      return "conv2d \(window.kernel)x\(window.kernel)/\(window.stride) \(input) to \(result.channels)"
    case .linear: return "linear \(input) to \(result.channels)"
    case .attention(let options):
      return
        "attention \(options.heads)x\(input.channels / options.heads), \(input[1]) of \(node.inputs[1].shape[1])"
    case .groupNorm: return "groupNorm \(input)"
    case .groupNormStatistics: return "groupNormStatistics \(input)"
    case .groupNormApply: return "groupNormApply \(input)"
    case .layerNorm: return "layerNorm \(input)"
    case .concat: return "concat \(result)"
    case .upsample: return "upsample \(result)"
    case .embedding: return "embedding \(result)"
    case .activation, .add, .multiply: return "elementwise \(result)"
    }
  }
}
