import CPUBackend
import Graph
import TestSupport
import Testing

/// Products in 8 bits on the CPU backend.
@Suite struct Int8Tests {
  private static let instructions = InstructionSet.available + Tiles.emulated

  /// Rows, depth and outputs: none is a whole number of what kernels take at once, and items are several.
  private static let shapes = [(1, 32, 1), (7, 33, 49), (20, 65, 33), (300, 32, 3), (5, 1300, 17)]

  /// Sums of whole numbers are exact, so that a result is the definition's to the bit.
  @Test(arguments: instructions, shapes)
  func resultsAreTheDefinitions(
    _ instructions: InstructionSet, _ shape: (rows: Int, depth: Int, outputs: Int)
  ) throws {
    let recorder = Self.row(shape.rows, shape.depth, shape.outputs).recorded()
    let plan = Plan(recorder.graph, values: .float32, weights: .int8)
    let result = try recorder.run(on: CPUBackend(threads: 2, instructions: instructions), plan: plan)
    let weights = noise(
      "parameter 0", count: shape.outputs * shape.depth, scale: 1 / Float(shape.depth).squareRoot())
    let inputs = recorder.inputs[0].numbers
    let columns = (0..<shape.outputs).map { EightBits(weights[($0 * shape.depth)...].prefix(shape.depth)) }
    let expected = (0..<2 * shape.rows).flatMap { row in
      let numbers = EightBits(inputs[(row * shape.depth)...].prefix(shape.depth))
      return columns.map { Float(numbers.product($0)) * $0.scale * numbers.scale }
    }
    #expect(sameBytes(result, expected))
  }

  /// The largest error of a layer of noise, relative to its largest result.
  @Test(arguments: instructions, eightBitRows)
  func resultsAreNearTheReference(_ instructions: InstructionSet, _ row: OpCase) throws {
    for storage in [Storage.float32, .bfloat16] {
      try CPUCheck.agreement(row, instructions, storage, weights: .int8)
    }
  }

  @Test(arguments: instructions, eightBitRows)
  func threadsBatchesAndNumbersThatAreNotFinite(_ instructions: InstructionSet, _ row: OpCase) throws {
    for storage in [Storage.float32, .bfloat16] {
      try CPUCheck.threads(row, instructions, storage, weights: .int8)
      try CPUCheck.batch(row, instructions, storage, weights: .int8)
      try CPUCheck.nonFinite(row, instructions, storage, weights: .int8)
    }
  }

  /// Rows of the largest and of the least numbers keep their size, and rows of zeros are zeros.
  @Test(arguments: instructions) func rowsOfAnySizeKeepIt(_ instructions: InstructionSet) throws {
    let recorder = Self.row(4, 64, 32, batch: 1).recorded()
    let expected = try recorder.run(on: CPUBackend(threads: 1, instructions: instructions))
    let sizes: [Float] = [1e37, 1e-20, 0, 1]
    for index in recorder.inputs[0].numbers.indices { recorder.inputs[0].numbers[index] *= sizes[index / 64] }
    let plan = Plan(recorder.graph, values: .float32, weights: .int8)
    let result = try recorder.run(on: CPUBackend(threads: 1, instructions: instructions), plan: plan)
    for (row, size) in sizes.enumerated() {
      let range = row * 32..<(row + 1) * 32
      let scaled = expected[range].map { $0 * size }
      #expect(
        size > 0
          ? normalisedError(Array(result[range]), from: scaled) < 0.03 : result[range].allSatisfy { $0 == 0 })
    }
  }

  @Test func eightBitsTakeHalfOfSixteen() throws {
    let recorder = Self.row(4, 1024, 960).recorded()
    let backend = try CPUBackend(threads: 1)
    let half = backend.weightBytes([Plan(recorder.graph, values: .bfloat16)])
    let eight = backend.weightBytes([Plan(recorder.graph, values: .bfloat16, weights: .int8)])
    #expect(half == 2 * 1024 * 960 && eight == 1024 * 960 + 8 * 960)
  }

  private static func row(_ rows: Int, _ depth: Int, _ outputs: Int, batch: Int = 2) -> OpCase {
    OpCase("\(rows) x \(depth) to \(outputs)", batch: batch) { r in
      r.input(rows, depth).linear(r.weight(outputs, depth))
    }
  }

  private static let eightBitRows: [OpCase] =
    shapes.map { row($0.0, $0.1, $0.2) } + [
      OpCase("a kernel of one pixel", batch: 2) { r in
        let weight = Weight([r.parameter(47, 33, 1, 1, scale: 0.2)])
        let point = Window(kernel: 1, stride: 1, padTop: 0, padLeft: 0)
        return r.input(7, 3, 33).conv2d(weight, point, height: 7, width: 3, bias: [r.parameter(47)])
      },
      OpCase("a slice, a bias, a vector, a gate and a residual", batch: 2) { r in
        let (x, gate, residual) = (r.input(3, 3, 100), r.input(3, 3, 48), r.input(3, 3, 48))
        let made = x.channels(20..<84).linear(r.weight(48, 64), bias: [r.parameter(48)])
        return made.adding(perChannel: r.sharedVector(48)).activated(.silu) * gate + residual
      },
    ]
}

/// Numbers brought to 8 bits as `WeightFormat.int8` says it.
private struct EightBits {
  let whole: [Int]
  let scale: Float

  init(_ numbers: ArraySlice<Float>) {
    let largest = numbers.reduce(0) { max($0, abs($1)) }
    let inverse = 127 / largest
    whole = numbers.map { Int(($0 * inverse).rounded(.toNearestOrEven)) }
    scale = largest / 127
  }

  func product(_ other: EightBits) -> Int { whole.indices.reduce(0) { $0 &+ whole[$1] &* other.whole[$1] } }
}
