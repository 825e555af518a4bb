import CPUKernels
import Graph
import SystemFiles

/// One kernel call: its items are shared out among the pool's threads.
struct Step {
  let items: Int
  let work: dk_work
  let context: UnsafeMutableRawPointer
}

/// A lowered plan: kernel calls on fixed addresses. Running it allocates nothing.
final class CPUProgram: Program {
  private let plan: Plan
  private var lowering: Lowering
  private let pool: ThreadPool
  private let arena: Arena

  init(_ plan: Plan, _ lowering: Lowering, _ pool: ThreadPool, _ arena: Arena) {
    self.plan = plan
    self.lowering = lowering
    self.pool = pool
    self.arena = arena
  }

  /// The kernel calls for where the arena is now.
  private func current() throws -> Lowering {
    try arena.grow(to: plan.arenaBytes)
    if lowering.base != arena.base { lowering = try lowering.moved() }
    return lowering
  }

  func write(_ values: UnsafeBufferPointer<Float>, to input: String) {
    guard let input = plan.inputs.first(where: { $0.name == input }) else {
      preconditionFailure("the program has no input \(input)")
    }
    let place = plan.place(input.value)
    guard let source = values.baseAddress, values.count == place.count else {
      preconditionFailure("input \(input.name) has \(place.count) numbers, not \(values.count)")
    }
    let (pictures, channels, pixels) = CPUProgram.axes(plan.shapes[input.value], input.layout)
    dk_channels_last(source, arena.address(place), pictures, channels, pixels, place.storage.kernel)
  }

  /// A picture's axes as the caller keeps them; one channel where the order is the same.
  private static func axes(_ shape: Shape, _ layout: Layout) -> (pictures: Int, channels: Int, pixels: Int) {
    switch layout {
    case .asIs, .pixels: (1, 1, shape.count)
    case .channelsFirst: (shape[0], shape[3], shape[1] * shape[2])
    }
  }

  func run(_ rate: Rate, check: () throws -> Void) throws {
    let lowering = try current()
    for step in rate == .picture ? lowering.prologue : lowering.steps {
      try check()
      pool.run(step)
    }
  }

  func secondsPerNode(_ rate: Rate) throws -> [Double]? {
    let lowering = try current()
    let isPrologue = rate == .picture
    var steps = (isPrologue ? lowering.prologue : lowering.steps)[...]
    let calls = isPrologue ? lowering.callsPerNode[..<plan.prologue] : lowering.callsPerNode[plan.prologue...]
    let clock = ContinuousClock()
    return calls.map { count in
      let time = clock.measure { for step in steps.prefix(count) { pool.run(step) } }
      steps = steps.dropFirst(count)
      return time.seconds
    }
  }

  func read(_ output: String, into values: UnsafeMutableBufferPointer<Float>) {
    guard let output = plan.outputs.first(where: { $0.name == output }) else {
      preconditionFailure("the program has no output \(output)")
    }
    let place = plan.place(output.value)
    guard let destination = values.baseAddress, values.count == place.count else {
      preconditionFailure("output \(output.name) has \(place.count) numbers, not \(values.count)")
    }
    let (pictures, channels, pixels) = CPUProgram.axes(plan.shapes[output.value], output.layout)
    dk_channels_first(arena.address(place), destination, pictures, channels, pixels, place.storage.kernel)
  }
}
