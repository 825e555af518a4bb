import CPUKernels
import Graph

/// One kernel call: its items are shared out among the pool's threads.
struct Step {
  let items: Int
  let work: dk_work
  let context: UnsafeMutableRawPointer
}

/// A lowered plan: kernel calls on fixed addresses. Running it allocates nothing.
final class CPUProgram: Program {
  private let plan: Plan
  private let lowering: Lowering
  private let pool: ThreadPool
  private let arena: Arena

  init(_ plan: Plan, _ lowering: Lowering, _ pool: ThreadPool, _ arena: Arena) {
    self.plan = plan
    self.lowering = lowering
    self.pool = pool
    self.arena = arena
  }

  func write(_ values: UnsafeBufferPointer<Float>, to input: String) {
    guard let input = plan.inputs.first(where: { $0.name == input }) else {
      preconditionFailure("the program has no input \(input)")
    }
    let place = plan.place(input.value)
    guard let source = values.baseAddress, values.count == place.count else {
      preconditionFailure("input \(input.name) has \(place.count) numbers, not \(values.count)")
    }
    let destination = arena.floats(place)
    switch input.layout {
    case .asIs, .pixels: destination.update(from: source, count: place.count)
    case .channelsFirst:
      let shape = plan.shapes[input.value]
      dk_channels_last(source, destination, shape[0], shape[3], shape[1] * shape[2])
    }
  }

  func run(_ rate: Rate, check: () throws -> Void) throws {
    for step in rate == .picture ? lowering.prologue : lowering.steps {
      try check()
      pool.run(step)
    }
  }

  func secondsPerNode(_ rate: Rate) throws -> [Double]? {
    let isPrologue = rate == .picture
    var steps = (isPrologue ? lowering.prologue : lowering.steps)[...]
    let calls = isPrologue ? lowering.callsPerNode[..<plan.prologue] : lowering.callsPerNode[plan.prologue...]
    let clock = ContinuousClock()
    return calls.map { count in
      let time = clock.measure { for step in steps.prefix(count) { pool.run(step) } }
      steps = steps.dropFirst(count)
      return Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
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
    let source = arena.floats(place)
    switch output.layout {
    case .asIs, .pixels: destination.update(from: source, count: place.count)
    case .channelsFirst:
      let shape = plan.shapes[output.value]
      dk_channels_first(source, destination, shape[0], shape[3], shape[1] * shape[2])
    }
  }
}
