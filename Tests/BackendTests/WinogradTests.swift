import CPUBackend
import Graph
import Reference
import TestSupport
import Testing

/// Convolutions of the sizes for which the processor's kernels make tiles.
@Suite struct WinogradTests {
  static let same = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)

  static let rows: [OpCase] = [
    conv(128, 33, height: 10, width: 11), conv(129, 17, height: 17, width: 15, batch: 2),
    conv(140, 4, height: 25, width: 26), conv(200, 9, height: 24, width: 28, batch: 2),
    conv(131, 3, height: 27, width: 25, Window(kernel: 3, stride: 1, padTop: 2, padLeft: 0)),
    OpCase("a whole epilogue of 27x24x128", batch: 2) { r in
      let (x, residual) = (r.input(27, 24, 128), r.input(27, 24, 7))
      let y = convolved(x, to: 7, in: r).adding(perChannel: r.input(7)).activated(.silu)
      return y * r.input(27, 24, 7) + residual
    },
  ]

  private static func conv(
    _ channels: Int, _ outputs: Int, height: Int, width: Int, batch: Int = 1, _ window: Window = same
  ) -> OpCase {
    let name = "\(height)x\(width)x\(channels) to \(outputs), pad \(window.padTop),\(window.padLeft)"
    return OpCase(name, batch: batch) {
      convolved($0.input(height, width, channels), to: outputs, in: $0, window)
    }
  }

  private static func convolved(_ x: Tensor, to outputs: Int, in r: Recorder, _ window: Window = same)
    -> Tensor
  {
    let channels = x.shape.channels
    let weight = r.parameter(outputs, channels, 3, 3, scale: 1 / Float(channels * 9).squareRoot())
    return x.conv2d(
      Weight([weight]), window, height: x.shape[1], width: x.shape[2], bias: [r.parameter(outputs)])
  }

  @Test(arguments: InstructionSet.available, rows)
  func isAConvolution(_ instructions: InstructionSet, _ row: OpCase) throws {
    for storage in instructions.storages {
      let recorder = row.recorded()
      let backend = try CPUBackend(threads: 1, instructions: instructions)
      let plan = backend.plan(recorder.graph, values: storage)
      let kernels = plan.nodes.compactMap { backend.kernel(of: $0, in: plan) }
      // The two smallest pictures are for whole numbers alone, and AMX has none in 16 bits.
      let isSmall = row.name.hasPrefix("10x11") || row.name.hasPrefix("17x15")
      if storage == .float32 ? !isSmall : instructions != .amx {
        #expect(kernels.contains { $0.hasPrefix("winograd") }, "\(kernels)")
      }
      try CPUCheck.all(row, instructions, storage)
    }
  }

  /// Tiles of a strip are those of the whole picture.
  @Test(arguments: InstructionSet.available) func stripsChangeNoBit(_ instructions: InstructionSet) throws {
    let recorder = Recorder(batch: 1, firstPicture: 0)
    var x = recorder.input(29, 24, 128)
    for _ in 0..<3 { x = WinogradTests.convolved(x, to: 128, in: recorder).activated(.silu).kept }
    recorder.graph.output("result", WinogradTests.convolved(x, to: 5, in: recorder))
    for storage in instructions.storages {
      let backend = try CPUBackend(threads: 2, instructions: instructions)
      let whole = try recorder.run(on: backend, plan: backend.plan(recorder.graph, values: storage))
      let optional = backend.plan(recorder.graph, values: storage, strips: Strips(count: 2)).optional
      for strips in [
        Strips(count: 2), Strips(count: 100), Strips(count: 3, recomputed: Set(optional)),
        Strips(count: 100, recomputed: Set(optional)),
      ] {
        let plan = backend.plan(recorder.graph, values: storage, strips: strips)
        #expect(plan.nodes.contains { $0.part != nil })
        #expect(
          sameBytes(try recorder.run(on: backend, plan: plan), whole), "\(storage), \(strips.count) strips")
      }
    }
  }

  /// Whatever the numbers, no sum leaves its range: what is finite in the reference is so here, and near it.
  @Test(arguments: InstructionSet.available) func noSumOverflows(_ instructions: InstructionSet) throws {
    var random = SeededGenerator(seed: 7)
    let extremes: [Float] = [1e-38, 1e-30, 1, 3e4, 1e20, 1e33, 8e36]
    for storage in instructions.storages {
      for round in 0..<24 {
        let recorder = Recorder(batch: 1, firstPicture: round)
        let size = round % 2 == 0 ? 12 : 26
        recorder.graph.output(
          "result", WinogradTests.convolved(recorder.input(size, size, 128), to: 8, in: recorder))
        let scale = extremes[round % extremes.count]
        // Everything of one size and sign, a few giants among small numbers, or a mixture of all sizes.
        recorder.inputs[0].numbers = recorder.inputs[0].numbers.map { number in
          switch round % 3 {
          case 0: scale
          case 1: Int.random(in: 0..<50, using: &random) == 0 ? scale * number : number
          default: number * extremes[Int.random(in: 0..<extremes.count, using: &random)]
          }
        }
        if storage == .bfloat16 { recorder.roundToBFloat16() }
        let expected = try recorder.run(on: ReferenceBackend())
        let backend = try CPUBackend(threads: 2, instructions: instructions)
        let result = try recorder.run(on: backend, plan: backend.plan(recorder.graph, values: storage))
        let error = normalisedError(result, from: expected)
        #expect(error <= (storage == .float32 ? 1e-5 : 4e-3), "\(storage), round \(round)")
      }
    }
  }

  /// A number that is none reaches the pixels around it, and not the rest of their tile.
  @Test(arguments: InstructionSet.available) func noNumberReachesItsNeighboursAlone(
    _ instructions: InstructionSet
  ) throws {
    for storage in instructions.storages {
      for (size, poison) in [(12, Float.nan), (26, Float.infinity), (26, -Float.infinity), (26, Float.nan)] {
        let recorder = Recorder(batch: 1, firstPicture: 0)
        recorder.graph.output(
          "result", WinogradTests.convolved(recorder.input(size, size, 128), to: 8, in: recorder))
        recorder.inputs[0].numbers[(5 * size + 6) * 128 + 3] = poison
        let backend = try CPUBackend(threads: 1, instructions: instructions)
        let result = try recorder.run(on: backend, plan: backend.plan(recorder.graph, values: storage))
        for pixel in 0..<size * size {
          let sees = abs(pixel / size - 5) <= 1 && abs(pixel % size - 6) <= 1
          let isFinite = result[pixel * 8..<(pixel + 1) * 8].map(\.isFinite)
          #expect(!isFinite.contains(sees), "\(storage), \(poison), pixel \(pixel)")
        }
      }
    }
  }
}
