import CPUBackend
import Graph
import Reference
import Testing

/// The op table on the CPU backend, with the best instruction set of this machine.
@Suite struct CPUBackendTests {
  @Test(arguments: OpTable.rows) func agreesWithTheReference(_ row: OpCase) throws {
    try CPUCheck.agreement(row)
  }

  @Test(arguments: OpTable.rows) func threadsDoNotChangeABit(_ row: OpCase) throws {
    try CPUCheck.threads(row)
  }

  @Test(arguments: OpTable.rows) func aPictureIsTheSameAloneAndInABatch(_ row: OpCase) throws {
    try CPUCheck.batch(row)
  }

  @Test(arguments: OpTable.rows) func nonFiniteNumbersAreNotHidden(_ row: OpCase) throws {
    try CPUCheck.nonFinite(row)
  }

  /// The machine's slower instruction sets, which every row must hold on as well.
  @Test(arguments: InstructionSet.available.dropLast(), OpTable.rows)
  func otherInstructionSetsAgree(_ instructions: InstructionSet, _ row: OpCase) throws {
    try CPUCheck.all(row, instructions, .float32)
  }

  @Test(arguments: InstructionSet.available, OpTable.rows)
  func bfloat16IsNearTheReference(_ instructions: InstructionSet, _ row: OpCase) throws {
    try CPUCheck.all(row, instructions, .bfloat16)
  }
}

/// What each row must hold on the CPU backend.
enum CPUCheck {
  static func all(_ row: OpCase, _ instructions: InstructionSet, _ storage: Storage) throws {
    try agreement(row, instructions, storage)
    try threads(row, instructions, storage)
    try batch(row, instructions, storage)
    try nonFinite(row, instructions, storage)
  }

  static func agreement(
    _ row: OpCase, _ instructions: InstructionSet = .best, _ storage: Storage = .float32,
    weights: WeightFormat? = nil
  ) throws {
    let recorder = row.recorded()
    if storage == .bfloat16 { recorder.roundToBFloat16() }
    let expected = try recorder.run(on: ReferenceBackend())
    // Half a unit of 8 bits is 2e-3 of a number; each value between ops is rounded.
    let rounding = recorder.graph.nodes.count > 1 ? 2e-2 : 4e-3
    // Of 8 bits, the largest of a row's numbers and of a column's are rounded by 4e-3 of them at most, others by more.
    let tolerance = weights == .int8 ? 3e-2 : storage == .bfloat16 ? rounding : row.tolerance
    for fusing in [true, false] {
      let plan = Plan(recorder.graph, fusing: fusing, values: storage, weights: weights)
      let result = try recorder.run(on: poisoned(instructions, for: recorder), plan: plan)
      let error = normalisedError(result, from: expected)
      #expect(error <= tolerance, "\(row.name), fusing \(fusing)")
    }
  }

  private static func run(
    _ recorder: Recorder, _ instructions: InstructionSet, _ storage: Storage,
    _ weights: WeightFormat?, threads: Int = 2
  ) throws -> [Float] {
    try recorder.run(
      on: CPUBackend(threads: threads, instructions: instructions),
      plan: Plan(recorder.graph, values: storage, weights: weights))
  }

  static func threads(
    _ row: OpCase, _ instructions: InstructionSet = .best, _ storage: Storage = .float32,
    weights: WeightFormat? = nil
  ) throws {
    let recorder = row.recorded()
    let alone = try run(recorder, instructions, storage, weights, threads: 1)
    for threads in [2, 5] {
      let result = try run(recorder, instructions, storage, weights, threads: threads)
      #expect(sameBytes(result, alone), "\(row.name), \(threads) threads")
    }
  }

  static func batch(
    _ row: OpCase, _ instructions: InstructionSet = .best, _ storage: Storage = .float32,
    weights: WeightFormat? = nil
  ) throws {
    let together = try run(row.recorded(batch: 3), instructions, storage, weights)
    let first = row.recorded(batch: 1)
    let backend = try CPUBackend(threads: 2, instructions: instructions)
    let program = try backend.prepare(Plan(first.graph, values: storage, weights: weights))
    let size = together.count / 3
    for picture in 0..<3 {
      let alone = try row.recorded(batch: 1, firstPicture: picture).result(of: program)
      #expect(
        sameBytes(Array(together[(picture * size)..<((picture + 1) * size)]), alone),
        "\(row.name), \(picture)")
    }
  }

  /// What is not a number in the reference is none here, and does not reach other pictures. (Within a picture
  /// it may reach more: a causal attention gives later values no weight, but no weight times infinity is not
  /// a number.)
  static func nonFinite(
    _ row: OpCase, _ instructions: InstructionSet = .best, _ storage: Storage = .float32,
    weights: WeightFormat? = nil
  ) throws {
    let recorder = row.recorded()
    let expected = try recorder.finiteResults(on: ReferenceBackend(), plan: Plan(recorder.graph))
    let backend = try CPUBackend(threads: 1, instructions: instructions)
    let plan = Plan(recorder.graph, values: storage, weights: weights)
    let results = try recorder.finiteResults(on: backend, plan: plan)
    for (expected, result) in zip(expected, results) {
      if expected.poison.wholeRow {
        #expect(expected.isFinite.contains(false), "\(row.name): an input is not read")
      }
      #expect(
        shows(expected.isFinite, result.isFinite, batch: recorder.batch), "\(row.name), \(result.poison)")
    }
  }

  /// A backend whose arena holds no number that a kernel could take for a result, in either storage.
  private static func poisoned(_ instructions: InstructionSet, for recorder: Recorder) throws -> CPUBackend {
    let backend = try CPUBackend(threads: 2, instructions: instructions)
    let count = Plan(recorder.graph, fusing: false).arenaBytes
    let graph = Graph()
    graph.output("x", graph.input("x", [count], rate: .step))
    let program = try backend.prepare(Plan(graph))
    [Float](repeating: Float(bitPattern: .max), count: count).withUnsafeBufferPointer {
      program.write($0, to: "x")
    }
    return backend
  }
}
