import CPUBackend
import Graph
import Reference
import TestSupport
import Testing

/// Products that OpenBLAS computes, where it is installed.
@Suite(.enabled(if: Matmul.openblas.isAvailable)) struct MatmulTests {
  /// Rows that fill blocks of 128, and that do not; columns of several chunks of 320; slices; few rows, which OpenBLAS
  /// does not get.
  static let rows: [OpCase] = [
    OpCase("linear", batch: 3) { $0.input(128, 40).linear($0.weight(48, 40), bias: [$0.parameter(48)]) },
    OpCase("linear of 77 rows", batch: 3) { $0.input(77, 33).linear($0.weight(17, 33)) },
    OpCase("linear of 300 rows to 650", batch: 3) { $0.input(300, 20).linear($0.weight(650, 20)) },
    OpCase("linear of a slice", batch: 3) { $0.input(150, 60).channels(7..<40).linear($0.weight(49, 33)) },
    OpCase("linear of 7 rows", batch: 3) { $0.input(7, 33).linear($0.weight(17, 33)) },
    OpCase("conv2d of 1x1 with an epilogue", batch: 3) { r in
      let weight = Weight([r.parameter(40, 33, 1, 1, scale: 0.2)])
      let window = Window(kernel: 1, stride: 1, padTop: 0, padLeft: 0)
      let product = r.input(12, 13, 33).conv2d(weight, window, height: 12, width: 13, bias: [r.parameter(40)])
      return (product.adding(perChannel: r.input(40)).activated(.silu) * r.input(12, 13, 40))
        + r.input(12, 13, 40)
    },
  ]

  private func run(_ recorder: Recorder, threads: Int = 2, _ matmul: Matmul = .openblas) throws -> [Float] {
    let backend = try CPUBackend(threads: threads, instructions: .portable, matmul: matmul)
    return try recorder.run(on: backend, plan: Plan(recorder.graph, values: .float32))
  }

  @Test(arguments: rows) func isNearTheReference(_ row: OpCase) throws {
    let recorder = row.recorded()
    let expected = try recorder.run(on: ReferenceBackend())
    #expect(normalisedError(try run(recorder), from: expected) <= row.tolerance)
  }

  @Test(arguments: rows) func threadsAndBatchesDoNotChangeABit(_ row: OpCase) throws {
    let together = try run(row.recorded(), threads: 1)
    #expect(sameBytes(try run(row.recorded(), threads: 3), together))
    let size = together.count / 3
    for picture in 0..<3 {
      let alone = try run(row.recorded(batch: 1, firstPicture: picture))
      #expect(
        sameBytes(Array(together[(picture * size)..<((picture + 1) * size)]), alone), "picture \(picture)")
    }
  }

  /// The choice is one: sums of products in another order have other last bits.
  @Test func itIsNotTheOwnKernel() throws {
    let row = OpCase("linear") { $0.input(256, 400).linear($0.weight(64, 400)) }
    #expect(try !sameBytes(run(row.recorded()), run(row.recorded(), .own)))
  }
}
