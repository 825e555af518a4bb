import Graph

/// A plan on a device: two recorded lists of dispatches. Running one allocates nothing, unless the arena has moved
/// since it was recorded or the device proved faster or slower than was thought.
final class VulkanProgram: Program {
  private let plan: Plan
  private let context: Context
  /// The program holds what it reads and no more, so that dropped weights go when their programs go.
  private let packs: [PackKey: WeightStore.Pack]
  /// The caller's numbers, float32 in the caller's layout.
  private let exchange: Block
  private let exchangeOffsets: [Int: Int]
  /// Cost per second, as far as is known.
  private var rate: Double
  /// What a submission should take: half of what none must exceed.
  private static let submissionSeconds = 0.05
  private var recorded: (lists: [Rate: CommandList], generation: Int, rate: Double)?

  init(_ plan: Plan, _ context: Context, _ packs: [PackKey: WeightStore.Pack]) throws(VulkanError) {
    self.plan = plan
    self.context = context
    self.packs = packs
    var offsets: [Int: Int] = [:]
    var bytes = 0
    for value in plan.inputs.map(\.value) + plan.outputs.map(\.value) where offsets[value] == nil {
      offsets[value] = bytes
      bytes += (plan.shapes[value].count * Storage.float32.bytes + 255) / 256 * 256
    }
    exchangeOffsets = offsets
    rate = context.rate
    exchange = try Block(context.device, bytes: bytes, home: .host, purpose: "inputs and outputs")
    try record()
  }

  func write(_ values: UnsafeBufferPointer<Float>, to input: String) {
    guard let input = plan.inputs.first(where: { $0.name == input }) else {
      preconditionFailure("the program has no input \(input)")
    }
    let count = plan.shapes[input.value].count
    guard let source = values.baseAddress, values.count == count else {
      preconditionFailure("input \(input.name) has \(count) numbers, not \(values.count)")
    }
    memory(input.value).update(from: source, count: count)
  }

  func run(_ rate: Rate, check: () throws -> Void) throws {
    if recorded?.generation != context.arena.generation || recorded?.rate != self.rate { try record() }
    guard let list = recorded?.lists[rate], let longest = try list.run(check: check) else { return }
    adapt(longest: longest, of: list.count)
  }

  /// Has the lists cut anew where a submission took too long, or so little time that waiting for it costs more.
  private func adapt(longest: Double, of submissions: Int) {
    let wanted = VulkanProgram.submissionSeconds
    guard longest > 2 * wanted || longest < wanted / 4 && submissions > 1 else { return }
    rate = max(1e7, rate * min(8, wanted / max(longest, 1e-6)))
    context.rate = rate
  }

  func read(_ output: String, into values: UnsafeMutableBufferPointer<Float>) {
    guard let output = plan.outputs.first(where: { $0.name == output }) else {
      preconditionFailure("the program has no output \(output)")
    }
    let count = plan.shapes[output.value].count
    guard let destination = values.baseAddress, values.count == count else {
      preconditionFailure("output \(output.name) has \(count) numbers, not \(values.count)")
    }
    destination.update(from: memory(output.value), count: count)
  }

  func secondsPerNode(_ rate: Rate) throws -> [Double]? {
    guard context.device.hasClock else { return nil }
    let lowering = Lowering(plan, context, packs)
    return try (rate == .picture ? plan.nodes[..<plan.prologue] : plan.nodes[plan.prologue...]).map { node in
      try lowering.lower(node)
      return try context.queue.seconds(of: lowering.taken(), context.kernels)
    }
  }

  private func memory(_ value: Int) -> UnsafeMutablePointer<Float> {
    guard let base = exchange.mapped, let offset = exchangeOffsets[value] else {
      preconditionFailure("value \(value) is not exchanged")
    }
    return (base + offset).bindMemory(to: Float.self, capacity: plan.shapes[value].count)
  }

  // MARK: Recording

  private func record() throws(VulkanError) {
    recorded = nil
    let lowering = Lowering(plan, context, packs)
    let prologue = plan.nodes[..<plan.prologue]
    let made = Set(prologue.map(\.output))
    var lists: [Rate: CommandList] = [:]
    for rate in [Rate.picture, .step] {
      for input in plan.inputs where input.rate == rate {
        try transfer(input.value, input.layout, toArena: true, lowering)
      }
      for node in rate == .picture ? prologue : plan.nodes[plan.prologue...] { try lowering.lower(node) }
      for output in plan.outputs {
        let perPicture =
          made.contains(output.value)
          || plan.inputs.contains { $0.value == output.value && $0.rate == .picture }
        guard perPicture == (rate == .picture) else { continue }
        try transfer(output.value, output.layout, toArena: false, lowering)
      }
      lists[rate] = try CommandList(
        lowering.taken(), context.queue, context.kernels,
        mostCost: self.rate * VulkanProgram.submissionSeconds)
    }
    recorded = (lists, context.arena.generation, self.rate)
  }

  /// Between the caller's numbers and the arena.
  private func transfer(_ value: Int, _ layout: Layout, toArena: Bool, _ lowering: Lowering)
    throws(VulkanError)
  {
    guard let offset = exchangeOffsets[value] else { return }
    let (place, shape) = (plan.place(value), plan.shapes[value])
    let (outside, inside) = (exchange.address + UInt64(offset), context.arena.address(place))
    let half: UInt32 = place.storage == .float16 ? 1 : 0
    let pictures = layout == .channelsFirst ? shape[0] : 1
    let channels = layout == .channelsFirst ? shape[3] : 1
    let push = TransferPush(
      data: toArena ? outside : inside, result: toArena ? inside : outside, pictures: UInt32(pictures),
      channels: UInt32(channels), pixels: UInt32(shape.count / max(1, pictures * channels)),
      half_data: toArena ? 0 : half, half_result: toArena ? half : 0,
      channels_first: layout == .asIs ? 0 : toArena ? 1 : 2)
    let outsideRange = outside..<(outside + UInt64(max(1, shape.count * Storage.float32.bytes)))
    let ranges = (outsideRange, lowering.range(place))
    try lowering.emit(
      "transfer", push, elements: shape.count, reads: [toArena ? ranges.0 : ranges.1],
      writes: toArena ? ranges.1 : ranges.0)
  }
}
