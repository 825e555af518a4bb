import CPUBackend
import Graph
import TestSupport
import Testing

/// The op table on AMX.
@Suite struct TileTests {
  @Test(arguments: Tiles.instructions, OpTable.rows)
  func tilesAreNearTheReference(_ instructions: InstructionSet, _ row: OpCase) throws {
    try CPUCheck.all(row, instructions, .bfloat16)
  }

  /// Where a neighbour shares the core, loading a tile takes longer than multiplying it, so loads are what kernels are
  /// built around: a 3x3 kernel reads a tile of pixels once for three lines, everything else pairs of tiles.
  @Test(arguments: Tiles.emulated)
  func tilesAreLoadedSeldom(_ instructions: InstructionSet) throws {
    func loadsPerProduct(_ record: @escaping @Sendable (Recorder) -> Tensor) throws -> Double {
      let recorder = OpCase("", record: record).recorded()
      let backend = try CPUBackend(threads: 1, instructions: instructions)
      return try Tiles.loadsPerProduct {
        _ = try recorder.run(on: backend, plan: Plan(recorder.graph, values: .bfloat16))
      }
    }
    let same = Window(kernel: 3, stride: 1, padTop: 1, padLeft: 1)
    let lines = try loadsPerProduct { r in
      r.input(8, 32, 64).conv2d(Weight([r.parameter(32, 64, 3, 3)]), same, height: 8, width: 32, bias: [])
    }
    #expect(lines == 0.75)
    let flat = try loadsPerProduct { r in
      r.input(8, 8, 64).conv2d(Weight([r.parameter(32, 64, 3, 3)]), same, height: 8, width: 8, bias: [])
    }
    #expect(flat == 1)
    #expect(try loadsPerProduct { $0.input(64, 320).linear($0.weight(64, 320)) } == 1)
    let attention = try loadsPerProduct { r in
      let (keys, values) = (r.input(256, 80), r.input(256, 80))
      return r.input(64, 80).attention(
        keys: keys, values: values, AttentionOptions(heads: 2, scale: 0.2, causal: false))
    }
    #expect(attention < 1)
  }
}
