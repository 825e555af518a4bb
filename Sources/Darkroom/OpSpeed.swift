import Graph
import Models

/// How fast nodes of one kind and size run, on the device's own clock where it has one.
public struct OpSpeed: Codable, Sendable, Equatable {
  /// `unet` or `vae`.
  public let network: String
  /// The op with its sizes.
  public let name: String
  /// Nodes of this kind in one step, or in one decoding.
  public let count: Int
  /// Of all of them together.
  public let seconds: Double
  /// Floating-point operations per second.
  public let operationsPerSecond: Double
  /// Bytes read and written per second, each once: what lies in caches may be faster than memory.
  public let bytesPerSecond: Double
  /// Share of the nearer of the two limits that were measured in the same run; nil if none could be.
  public let share: Double?
}

/// What the device can do at most, as measured on it; what is nil could not be.
public struct DeviceLimits: Codable, Sendable, Equatable {
  /// Floating-point operations per second of matrix products in 16 bits, or in float32 where there are no matrix cores.
  public let matrixOperationsPerSecond: Double?
  public let scalarOperationsPerSecond: Double?
  public let bytesPerSecond: Double?
}

extension Engine {
  /// Times each op of a step and of a decoding by itself.
  /// - Returns: the slowest kinds first, and the limits of the device.
  /// - Throws: as `generate`.
  public func measureOps(_ request: GenerationRequest) throws -> (ops: [OpSpeed], limits: DeviceLimits) {
    var request = request
    (request.count, request.secondPass) = (1, .never)
    let pipeline = try loadedPipeline()
    return try DarkroomError.wrapping { try pipeline.measureOps(pipeline.resolve(request)) }
  }
}

extension Pipeline {
  fileprivate func measureOps(_ job: Job) throws -> ([OpSpeed], DeviceLimits) {
    let limits = try backend.measuredLimits()
    let tokens = model.textEncoder.configuration.positions
    let networks = [
      ("unet", unet(job.first, job, batch: 1, tokens: tokens), Rate.step),
      ("vae", decoder(job.first), .picture),
    ]
    var speeds: [OpSpeed] = []
    for (name, module, rate) in networks {
      let plan = try programs.plan(module, storing: storage(job))
      let program = try programs.program(module, storing: storage(job))
      // The first run compiles and warms up.
      try program.run(rate)
      guard let seconds = try program.secondsPerNode(rate) else { continue }
      let nodes = rate == .picture ? plan.nodes[..<plan.prologue] : plan.nodes[plan.prologue...]
      speeds += OpSpeed.grouped(Array(zip(nodes, seconds)), of: plan, in: name, limits)
    }
    return (
      speeds.sorted { $0.seconds > $1.seconds },
      DeviceLimits(
        matrixOperationsPerSecond: limits.matrixOperations,
        scalarOperationsPerSecond: limits.scalarOperations,
        bytesPerSecond: limits.bytes)
    )
  }
}

extension OpSpeed {
  fileprivate static func grouped(
    _ nodes: [(node: Node, seconds: Double)], of plan: Plan, in network: String, _ limits: HardwareLimits
  ) -> [OpSpeed] {
    Dictionary(grouping: nodes) { plan.title(of: $0.node) }.map { name, nodes in
      let seconds = nodes.reduce(0) { $0 + $1.seconds }
      let operations = nodes.reduce(0) { $0 + Double(plan.operations(of: $1.node)) }
      let bytes = nodes.reduce(0) { $0 + Double(plan.bytes(of: $1.node)) }
      // The least time in which the hardware could do it.
      let least = [limits.matrixOperations.map { operations / $0 }, limits.bytes.map { bytes / $0 }]
        .compactMap { $0 }.max()
      return OpSpeed(
        network: network, name: name, count: nodes.count, seconds: seconds,
        operationsPerSecond: operations / max(seconds, 1e-9), bytesPerSecond: bytes / max(seconds, 1e-9),
        share: least.map { $0 / max(seconds, 1e-9) })
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
