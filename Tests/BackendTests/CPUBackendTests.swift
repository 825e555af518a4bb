import CPUBackend
import CPUKernels
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

  static let others = [dk_isa_portable, dk_isa_avx2].map(\.rawValue).filter { $0 < dk_best_isa().rawValue }

  /// The same with the machine's other instruction sets. These are chosen for the whole process, hence a
  /// process for each.
  @Test(arguments: others) func theTableHoldsOnOtherInstructionSets(_ set: UInt32) async {
    await #expect(processExitsWith: .success) { [set] in
      dk_use_isa(dk_isa(rawValue: set))
      for row in OpTable.rows {
        try CPUCheck.agreement(row)
        try CPUCheck.threads(row)
        try CPUCheck.batch(row)
        try CPUCheck.nonFinite(row)
      }
    }
  }
}

/// What each row must hold on the CPU backend.
enum CPUCheck {
  static func agreement(_ row: OpCase) throws {
    let recorder = row.recorded()
    let expected = try recorder.run(on: ReferenceBackend())
    for fusing in [true, false] {
      let result = try recorder.run(on: poisoned(threads: 2, for: recorder), fusing: fusing)
      let error = normalisedError(result, from: expected)
      #expect(error <= row.tolerance, "\(row.name), fusing \(fusing)")
    }
  }

  static func threads(_ row: OpCase) throws {
    let recorder = row.recorded()
    let alone = try recorder.run(on: CPUBackend(threads: 1))
    for threads in [2, 5] {
      let result = try recorder.run(on: CPUBackend(threads: threads))
      #expect(sameBytes(result, alone), "\(row.name), \(threads) threads")
    }
  }

  static func batch(_ row: OpCase) throws {
    let together = try row.recorded(batch: 3).run(on: CPUBackend(threads: 2))
    let size = together.count / 3
    for picture in 0..<3 {
      let alone = try row.recorded(batch: 1, firstPicture: picture).run(on: CPUBackend(threads: 2))
      #expect(
        sameBytes(Array(together[(picture * size)..<((picture + 1) * size)]), alone),
        "\(row.name), \(picture)")
    }
  }

  /// What is not a number in the reference is none here, and does not reach other pictures. (Within a picture
  /// it may reach more: a causal attention gives later values no weight, but no weight times infinity is not
  /// a number.)
  static func nonFinite(_ row: OpCase) throws {
    for input in row.recorded().inputs.indices {
      for poison in Poison.all {
        let recorder = row.recorded()
        recorder.poison(poison, input)
        let expected = try recorder.run(on: ReferenceBackend()).map(\.isFinite)
        if poison.wholeRow { #expect(expected.contains(false), "\(row.name): input \(input) is not read") }
        let result = try recorder.run(on: CPUBackend(threads: 1)).map(\.isFinite)
        #expect(shows(expected, result, batch: recorder.batch), "\(row.name), input \(input), \(poison)")
      }
    }
  }

  private static func shows(_ expected: [Bool], _ result: [Bool], batch: Int) -> Bool {
    let size = expected.count / batch
    return zip(expected, result).allSatisfy { $0 || !$1 }
      && (0..<batch).allSatisfy { picture in
        let range = (picture * size)..<((picture + 1) * size)
        return expected[range].contains(false) || !result[range].contains(false)
      }
  }

  /// A backend whose arena holds no number that a kernel could take for a result.
  private static func poisoned(threads: Int, for recorder: Recorder) throws -> CPUBackend {
    let backend = try CPUBackend(threads: threads)
    let count = Plan(recorder.graph, fusing: false).arenaCount
    let graph = Graph()
    graph.output("x", graph.input("x", [count], rate: .step))
    let program = try backend.prepare(Plan(graph))
    [Float](repeating: .nan, count: count).withUnsafeBufferPointer { program.write($0, to: "x") }
    return backend
  }
}
