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
    try CPUCheck.agreement(row, instructions)
    try CPUCheck.threads(row, instructions)
    try CPUCheck.batch(row, instructions)
    try CPUCheck.nonFinite(row, instructions)
  }
}

/// What each row must hold on the CPU backend.
enum CPUCheck {
  static func agreement(_ row: OpCase, _ instructions: InstructionSet = .best) throws {
    let recorder = row.recorded()
    let expected = try recorder.run(on: ReferenceBackend())
    for fusing in [true, false] {
      let result = try recorder.run(on: poisoned(instructions, for: recorder), fusing: fusing)
      let error = normalisedError(result, from: expected)
      #expect(error <= row.tolerance, "\(row.name), fusing \(fusing)")
    }
  }

  static func threads(_ row: OpCase, _ instructions: InstructionSet = .best) throws {
    let recorder = row.recorded()
    let alone = try recorder.run(on: CPUBackend(threads: 1, instructions: instructions))
    for threads in [2, 5] {
      let result = try recorder.run(on: CPUBackend(threads: threads, instructions: instructions))
      #expect(sameBytes(result, alone), "\(row.name), \(threads) threads")
    }
  }

  static func batch(_ row: OpCase, _ instructions: InstructionSet = .best) throws {
    let together = try row.recorded(batch: 3).run(on: CPUBackend(threads: 2, instructions: instructions))
    let size = together.count / 3
    for picture in 0..<3 {
      let alone = try row.recorded(batch: 1, firstPicture: picture).run(
        on: CPUBackend(threads: 2, instructions: instructions))
      #expect(
        sameBytes(Array(together[(picture * size)..<((picture + 1) * size)]), alone),
        "\(row.name), \(picture)")
    }
  }

  /// What is not a number in the reference is none here, and does not reach other pictures. (Within a picture
  /// it may reach more: a causal attention gives later values no weight, but no weight times infinity is not
  /// a number.)
  static func nonFinite(_ row: OpCase, _ instructions: InstructionSet = .best) throws {
    for input in row.recorded().inputs.indices {
      for poison in Poison.all {
        let recorder = row.recorded()
        recorder.poison(poison, input)
        let expected = try recorder.run(on: ReferenceBackend()).map(\.isFinite)
        if poison.wholeRow { #expect(expected.contains(false), "\(row.name): input \(input) is not read") }
        let result = try recorder.run(on: CPUBackend(threads: 1, instructions: instructions)).map(\.isFinite)
        #expect(shows(expected, result, batch: recorder.batch), "\(row.name), input \(input), \(poison)")
      }
    }
  }

  /// A backend whose arena holds no number that a kernel could take for a result.
  private static func poisoned(_ instructions: InstructionSet, for recorder: Recorder) throws -> CPUBackend {
    let backend = try CPUBackend(threads: 2, instructions: instructions)
    let count = Plan(recorder.graph, fusing: false).arenaBytes
    let graph = Graph()
    graph.output("x", graph.input("x", [count], rate: .step))
    let program = try backend.prepare(Plan(graph))
    [Float](repeating: .nan, count: count).withUnsafeBufferPointer { program.write($0, to: "x") }
    return backend
  }
}
