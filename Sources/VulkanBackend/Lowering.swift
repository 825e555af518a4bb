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
  let context: Context
  /// Of values that are not wide. Kernels are compiled for weights of the same type.
  var storage: Storage { plan.storage }
  let packs: [PackKey: WeightStore.Pack]
  /// Memory that kernels of one node pass on to the next, at the end of the arena.
  let scratch: Plan.Place

  init(_ plan: Plan, _ context: Context, _ packs: [PackKey: WeightStore.Pack]) {
    self.plan = plan
    self.context = context
    self.packs = packs
    scratch = Lowering.scratch(plan, context)
  }

  /// Bytes of the arena, scratch memory among them.
  static func arenaBytes(_ plan: Plan, _ context: Context) -> Int { scratch(plan, context).range.upperBound }

  private static func scratch(_ plan: Plan, _ context: Context) -> Plan.Place {
    let count = plan.nodes.map { scratchCount($0, plan, context.choices) }.max() ?? 0
    let (segment, bytes) = (context.arena.segment, count * Storage.float32.bytes)
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
      let slices = choices.method(node, plan) == .plain ? 1 : product.slices
      return slices > 1 ? slices * product.rows * product.outputs : 0
    case .groupNorm(let groups, _), .groupNormStatistics(let groups), .groupNormApply(let groups, _, _):
      return GroupNormShape(node, groups).scratchCount
    default: return 0
    }
  }

  func lower(_ node: Node) throws(VulkanError) {
    switch node.op {
    case .linear(let weight), .conv2d(let weight, _): try product(node, weight)
    case .groupNorm(let groups, let affine): try groupNorm(node, groups, affine)
    case .groupNormStatistics(let groups): try groupNormStatistics(node, groups)
    case .groupNormApply(let groups, let affine, let cut): try groupNormApply(node, groups, affine, cut)
    case .layerNorm(let affine): try layerNorm(node, affine)
    case .attention(let options): try attention(node, options)
    case .concat: try concat(node)
    case .upsample: try upsample(node)
    case .embedding(let table, let positions): try embedding(node, table, positions)
    case .activation, .add, .multiply: try elementwise(node)
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
  ) throws(VulkanError) {
    dispatches.append(
      Dispatch(
        try context.kernels.kernel(kernel), push, groups: groups,
        access: BarrierPlanner.Access(reads: reads, writes: [writes]), cost: cost))
  }

  /// A kernel of one element a thread, or of four. Memory takes most of its time.
  /// - Parameter quads: whether four at once are possible; nil for a kernel that knows no such thing.
  func emit<Push: BitwiseCopyable>(
    _ name: String, _ push: Push, elements: Int, quads: Bool? = nil, reads: [Range<UInt64>],
    writes: Range<UInt64>
  ) throws(VulkanError) {
    try emit(
      key(name, quads.map { [$0 ? 1 : 0] } ?? []), push,
      groups: grid(elements: quads == true ? elements / 4 : elements), reads: reads, writes: writes,
      cost: 32 * Double(elements))
  }

  /// Whether rows of an operand can be read four numbers at a time.
  func quads(_ operand: Operand) -> Bool {
    [operand.rowStride, operand.offset, operand.shape.channels].allSatisfy { $0 % 4 == 0 }
  }

  func key(_ name: String, _ constants: [UInt32] = []) -> KernelKey {
    KernelKey(name: name, half: storage == .float16, constants: constants)
  }

  /// A kernel on matrix cores: its threads come first among the constants, the subgroup's size last.
  func matrixKey(_ name: String, subgroups: Int, _ constants: [Int]) -> KernelKey {
    guard let shape = context.choices.matrixShape else {
      preconditionFailure("the device has no matrix cores")
    }
    let size = context.choices.subgroupSize
    return KernelKey(
      name: "\(name)_\(shape)", half: false,
      constants: ([subgroups * size] + constants + [size]).map { UInt32($0) }, subgroupSize: size)
  }

  func method(_ node: Node) -> KernelMethod { context.choices.method(node, plan) }

  // MARK: Addresses

  func isHalf(_ value: Int) -> Bool { plan.place(value).storage == .float16 }
  func isHalf(_ operand: Operand) -> Bool { isHalf(operand.value) }
  func half(_ operand: Operand) -> UInt32 { isHalf(operand) ? 1 : 0 }

  func address(_ operand: Operand) -> UInt64 {
    let place = plan.place(operand.value)
    return context.arena.address(place) + UInt64(operand.offset * place.storage.bytes)
  }

  func address(ofResult node: Node) -> UInt64 { address(plan.result(of: node)) }

  func range(_ place: Plan.Place) -> Range<UInt64> {
    let address = context.arena.address(place)
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
    guard let pack = packs[PackKey(parts: parts, packing: packing)] else {
      preconditionFailure("\(parts[0].name) is not packed")
    }
    return pack.address
  }

  func plain(_ parameter: Parameter) -> UInt64 { packed([parameter], .plain(.float32)) }
}

extension Activation {
  /// The number of activation.glsl.
  var number: UInt32 {
    switch self {
    case .silu: 1
    case .gelu: 2
    case .quickGelu: 3
    }
  }
}
