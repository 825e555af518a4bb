import CPUKernels
import Graph

/// Turns the nodes of a plan into kernel calls. Each op has a file with its part of this.
final class Lowering {
  private(set) var prologue: [Step] = []
  private(set) var steps: [Step] = []
  /// Kernel calls of each node.
  private(set) var callsPerNode: [Int] = []
  let plan: Plan
  /// Memory that kernels use while they run, shared by all nodes since these run one after the other.
  let scratch: Buffer
  let zeros: Buffer
  private let packs: [PackKey: Buffer]
  private let arena: Arena
  /// Where the arena was; nil if it had no memory.
  let base: UnsafeMutableRawPointer?
  let instructions: InstructionSet
  let matmul: Matmul
  /// How many share the work.
  let threads: Int
  private var contexts: [UnsafeMutableRawPointer] = []
  private var lowered: [Step] = []

  init(
    _ plan: Plan, packs: [PackKey: Buffer], arena: Arena, _ instructions: InstructionSet, _ matmul: Matmul,
    threads: Int
  ) throws {
    self.plan = plan
    self.instructions = instructions
    self.matmul = matmul
    self.threads = threads
    self.packs = packs
    self.arena = arena
    base = arena.base
    scratch = try Buffer(bytes: Lowering.scratchBytes(plan, instructions, matmul, threads: threads))
    zeros = try Buffer(floats: plan.nodes.map { $0.zerosCount }.max() ?? 0)
    for (index, node) in plan.nodes.enumerated() {
      lower(node)
      callsPerNode.append(lowered.count)
      if index < plan.prologue { prologue += lowered } else { steps += lowered }
      lowered = []
    }
  }

  /// The same for where the arena is now.
  func moved() throws -> Lowering {
    try Lowering(plan, packs: packs, arena: arena, instructions, matmul, threads: threads)
  }

  deinit { for context in contexts { context.deallocate() } }

  private func lower(_ node: Node) {
    switch node.op {
    case .linear(let weight), .conv2d(let weight, _): product(node, weight)
    case .groupNorm(let groups, let affine): groupNorm(node, groups, affine)
    case .groupNormStatistics(let groups): groupNormStatistics(node, groups)
    case .groupNormApply(let groups, let affine, let cut): groupNormApply(node, groups, affine, cut)
    case .layerNorm(let affine): layerNorm(node, affine)
    case .attention(let attention): self.attention(node, attention)
    case .concat: concat(node)
    case .upsample: upsample(node)
    case .embedding(let table, let positions): embedding(node, table, positions)
    case .activation, .add, .multiply: elementwise(node)
    }
  }

  /// Adds a kernel call; `arguments` live as long as the program.
  func emit<Arguments>(_ arguments: Arguments, items: Int, _ work: @escaping dk_work) {
    let context = UnsafeMutablePointer<Arguments>.allocate(capacity: 1)
    context.initialize(to: arguments)
    contexts.append(UnsafeMutableRawPointer(context))
    lowered.append(Step(items: items, work: work, context: UnsafeMutableRawPointer(context)))
  }

  /// How this plan's kernels find numbers.
  var storage: dk_storage { plan.storage.kernel }

  func address(_ operand: Operand) -> UnsafeRawPointer {
    let place = plan.place(operand.value)
    return UnsafeRawPointer(arena.address(place) + operand.offset * place.storage.bytes)
  }

  func output(_ node: Node) -> UnsafeMutableRawPointer {
    let place = plan.place(node.output)
    return arena.address(place) + plan.result(of: node).offset * place.storage.bytes
  }

  func shape(_ node: Node) -> Shape { plan.result(of: node).shape }

  func packed(_ parts: [Parameter], _ packing: Packing) -> UnsafeRawPointer {
    guard let pack = packs[PackKey(parts: parts, packing: packing)] else {
      preconditionFailure("\(parts[0].name) is not packed")
    }
    return UnsafeRawPointer(pack.pointer)
  }

  func packedFloats(_ parts: [Parameter]) -> UnsafePointer<Float> {
    packed(parts, .plain).assumingMemoryBound(to: Float.self)
  }

  func epilogue(_ epilogue: Epilogue) -> dk_epilogue {
    var result = dk_epilogue()
    if !epilogue.bias.isEmpty { result.bias = packedFloats(epilogue.bias) }
    if let vector = epilogue.vector {
      result.vector = address(vector)
      result.vector_stride = vector.shape[0] == 1 ? 0 : vector.rowStride
    }
    if let function = epilogue.activation { activate(function, in: &result) }
    if let gate = epilogue.gate {
      result.gate = address(gate)
      result.gate_stride = gate.rowStride
    }
    if let first = epilogue.residuals.first {
      result.residual.0 = address(first)
      result.residual_stride.0 = first.rowStride
    }
    if epilogue.residuals.count > 1 {
      result.residual.1 = address(epilogue.residuals[1])
      result.residual_stride.1 = epilogue.residuals[1].rowStride
    }
    return result
  }
}

extension Lowering {
  /// Sets an epilogue's activation and the numbers that it needs.
  func activate(_ function: Activation, in epilogue: inout dk_epilogue) {
    epilogue.activation = function.kernel
    switch function {
    case .leakyReLU(let number), .scaled(let number): epilogue.slope = number
    case .prelu(let slopes): epilogue.slopes = packedFloats([slopes])
    case .silu, .gelu, .quickGelu: break
    }
  }
}

extension Activation {
  var kernel: dk_activation {
    switch self {
    case .silu: dk_activation_silu
    case .gelu: dk_activation_gelu
    case .quickGelu: dk_activation_quick_gelu
    case .leakyReLU: dk_activation_leaky_relu
    case .prelu: dk_activation_prelu
    case .scaled: dk_activation_scaled
    }
  }
}
