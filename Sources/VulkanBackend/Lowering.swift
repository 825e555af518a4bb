import Graph

/// Work groups for a kernel of one element a thread: a grid, since one axis may be too short for all.
func grid(elements: Int) -> (x: Int, y: Int, z: Int) {
  let groups = (elements + elementThreads - 1) / elementThreads
  let x = min(max(groups, 1), 1024)
  return (x, max(1, (groups + x - 1) / x), 1)
}

/// As in common.glsl.
private let elementThreads = 128

/// Turns the nodes of a plan into dispatches. Each op has a file with its part of this.
final class Lowering {
  private(set) var dispatches: [Dispatch] = []
  let plan: Plan
  let choices: KernelChoices
  /// Of values that are not wide. Kernels are compiled for weights of the same type.
  var storage: Storage { plan.storage }
  /// Where values and parameters lie. Without it all addresses are zero, and only the kernels are of use.
  private let memory: (arena: DeviceArena, packs: [PackKey: WeightStore.Pack])?
  /// Memory that kernels of one node pass on to the next, at the end of the arena.
  let scratch: Plan.Place

  init(
    _ plan: Plan, _ choices: KernelChoices, segment: Int,
    memory: (arena: DeviceArena, packs: [PackKey: WeightStore.Pack])?
  ) {
    (self.plan, self.choices, self.memory) = (plan, choices, memory)
    scratch = Lowering.scratch(plan, choices, segment: segment)
  }

  convenience init(_ plan: Plan, _ context: Context, _ packs: [PackKey: WeightStore.Pack]) {
    self.init(
      plan, context.choices, segment: context.arena.segment, memory: (context.arena, packs))
  }

  /// Bytes of the arena, scratch memory among them.
  static func arenaBytes(_ plan: Plan, _ context: Context) -> Int {
    scratch(plan, context.choices, segment: context.arena.segment).range.upperBound
  }

  private static func scratch(_ plan: Plan, _ choices: KernelChoices, segment: Int) -> Plan.Place {
    let count = plan.nodes.map { scratchCount($0, plan, choices) }.max() ?? 0
    let bytes = count * Storage.float32.bytes
    var offset = (plan.arenaBytes + 63) / 64 * 64
    if bytes > 0, offset / segment != (offset + bytes - 1) / segment {
      offset = (offset + segment - 1) / segment * segment
    }
    return Plan.Place(offset: offset, count: count, storage: .float32)
  }

  /// Floats of scratch memory that a node needs.
  private static func scratchCount(_ node: Node, _ plan: Plan, _ choices: KernelChoices) -> Int {
    switch node.op {
    case .linear, .conv2d:
      let product = ProductShape(node, plan.result(of: node).shape)
      let slices = choices.product(node, plan).slices
      return slices > 1 ? slices * product.rows * product.outputs : 0
    case .groupNorm(let groups, _), .groupNormStatistics(let groups), .groupNormApply(let groups, _, _):
      return GroupNormShape(node, groups).scratchCount
    default: return 0
    }
  }

  func lower(_ node: Node) {
    switch node.op {
    case .linear(let weight), .conv2d(let weight, _): product(node, weight)
    case .groupNorm(let groups, let affine): groupNorm(node, groups, affine)
    case .groupNormStatistics(let groups): groupNormStatistics(node, groups)
    case .groupNormApply(let groups, let affine, let cut): groupNormApply(node, groups, affine, cut)
    case .layerNorm(let affine): layerNorm(node, affine)
    case .attention(let options): attention(node, options)
    case .concat: concat(node)
    case .upsample: upsample(node)
    case .embedding(let table, let positions): embedding(node, table, positions)
    case .activation, .add, .multiply: elementwise(node)
    }
  }

  /// Takes the dispatches that were made since the last call.
  func taken() -> [Dispatch] {
    defer { dispatches = [] }
    return dispatches
  }

  func emit<Push: BitwiseCopyable>(
    _ kernel: KernelKey, _ push: Push, groups: (x: Int, y: Int, z: Int), reads: [Range<UInt64>],
    writes: Range<UInt64>, cost: Double
  ) {
    dispatches.append(
      Dispatch(
        kernel, push, groups: groups, access: BarrierPlanner.Access(reads: reads, writes: [writes]),
        cost: cost))
  }

  /// A kernel of one element a thread, or of four. Memory takes most of its time.
  /// - Parameter quads: whether four at once are possible; nil for a kernel that knows no such thing.
  func emit<Push: BitwiseCopyable>(
    _ name: String, _ push: Push, elements: Int, quads: Bool? = nil, reads: [Range<UInt64>],
    writes: Range<UInt64>
  ) {
    let ways = quads.map { $0 ? [[1], [0]] : [[0]] } ?? [[]]
    let kernel = choices.choose(ways.map { KernelKey(name, storage, $0) })
    emit(
      kernel, push, groups: grid(elements: kernel.constants == [1] ? elements / 4 : elements), reads: reads,
      writes: writes, cost: 32 * Double(elements))
  }

  // MARK: Addresses

  func isHalf(_ value: Int) -> Bool { plan.place(value).storage == .float16 }
  func isHalf(_ operand: Operand) -> Bool { isHalf(operand.value) }
  func half(_ operand: Operand) -> UInt32 { isHalf(operand) ? 1 : 0 }

  func address(_ place: Plan.Place) -> UInt64 { memory?.arena.address(place) ?? 0 }

  func address(_ operand: Operand) -> UInt64 {
    let place = plan.place(operand.value)
    return address(place) + UInt64(operand.offset * place.storage.bytes)
  }

  func address(ofResult node: Node) -> UInt64 { address(plan.result(of: node)) }

  func range(_ place: Plan.Place) -> Range<UInt64> {
    let address = address(place)
    return address..<(address + UInt64(max(1, place.range.count)))
  }

  /// From the first number to the last: strips of one value do not wait for each other.
  func range(_ operand: Operand) -> Range<UInt64> {
    let count = max(0, operand.shape.rows - 1) * operand.rowStride + operand.shape.channels
    let start = address(operand)
    return start..<(start + UInt64(max(1, count * plan.place(operand.value).storage.bytes)))
  }

  func range(ofResult node: Node) -> Range<UInt64> { range(plan.result(of: node)) }

  func shape(_ node: Node) -> Shape { plan.result(of: node).shape }

  func packed(_ parts: [Parameter], _ packing: Packing) -> UInt64 {
    guard let memory else { return 0 }
    guard let pack = memory.packs[PackKey(parts: parts, packing: packing)] else {
      preconditionFailure("\(parts[0].name) is not packed")
    }
    return pack.address
  }

  func plain(_ parameter: Parameter) -> UInt64 { packed([parameter], .plain(.float32)) }
}

extension Lowering {
  /// All kernels of a plan, in about the order in which they run.
  static func kernels(of plan: Plan, _ choices: KernelChoices) -> [KernelKey] {
    let lowering = Lowering(plan, choices, segment: 1 << 30, memory: nil)
    for node in plan.nodes { lowering.lower(node) }
    var kernels = [KernelKey("transfer", plan.storage)] + lowering.dispatches.map(\.kernel)
    if plan.nodes.contains(where: { !$0.packs(plan.weights).isEmpty }) {
      let stored: Storage = plan.weights == .float16 ? .float16 : .float32
      kernels += [KernelKey("transfer", stored), KernelKey("pack", stored)]
    }
    if plan.outputs.contains(where: { $0.layout == .pixels }) {
      kernels.append(KernelKey("pixels", plan.storage))
    }
    var seen: Set<KernelKey> = []
    return kernels.filter { seen.insert($0).inserted }
  }
}

extension Activation {
  /// The number of activation.glsl.
  var number: UInt32 {
    switch self {
    case .silu: 1
    case .gelu: 2
    case .quickGelu: 3
    case .leakyReLU: 4
    case .prelu: 5
    case .scaled: 6
    }
  }
}
