import Graph

/// A plan on a device: two recorded lists of dispatches. Running one allocates nothing, unless the arena has moved
/// since it was recorded or the device proved faster or slower than was thought.
final class VulkanProgram: Program {
  private let plan: Plan
  private let context: Context
  /// The program holds what it reads and no more, so that dropped weights go when their programs go.
  private let packs: [PackKey: WeightStore.Pack]
  private let staging: HostStaging
  /// Cost per second, as far as is known.
  private var rate: Double
  /// What a submission should take: half of what none must exceed.
  private static let submissionSeconds = 0.05
  private var recorded: (lists: [Rate: CommandList], generation: Int, rate: Double)?

  init(_ plan: Plan, _ context: Context, _ packs: [PackKey: WeightStore.Pack]) throws(VulkanError) {
    self.plan = plan
    self.context = context
    self.packs = packs
    rate = context.rate
    staging = try HostStaging(plan, context)
    try record()
  }

  func write(_ values: UnsafeBufferPointer<Float>, to input: String) { staging.write(values, to: input) }

  func read(_ output: String, into values: UnsafeMutableBufferPointer<Float>) {
    staging.read(output, into: values)
  }

  func readPixels(_ output: String) -> (bytes: [UInt8], notFinite: [Int])? { staging.readPixels(output) }

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

  func secondsPerNode(_ rate: Rate) throws -> [Double]? {
    guard context.device.hasClock else { return nil }
    let lowering = Lowering(plan, context, packs)
    return try (rate == .picture ? plan.nodes[..<plan.prologue] : plan.nodes[plan.prologue...]).map { node in
      lowering.lower(node)
      return try context.queue.seconds(of: lowering.taken(), context.kernels)
    }
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
        staging.lower(input, lowering)
      }
      for node in rate == .picture ? prologue : plan.nodes[plan.prologue...] { lowering.lower(node) }
      for output in plan.outputs {
        let perPicture =
          made.contains(output.value)
          || plan.inputs.contains { $0.value == output.value && $0.rate == .picture }
        guard perPicture == (rate == .picture) else { continue }
        staging.lower(output, lowering)
      }
      lists[rate] = try CommandList(
        lowering.taken(), context.queue, context.kernels,
        mostCost: self.rate * VulkanProgram.submissionSeconds)
    }
    recorded = (lists, context.arena.generation, self.rate)
  }
}
