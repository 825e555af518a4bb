import CPUBackend
import CPUKernels
import Graph
import Testing
import TileEmulator

/// The kernels for AMX, whose instructions are emulated where the processor has none. They run as they are, so this
/// tests all of them but their speed.
@Suite struct TileTests {
  /// The instruction set, if the machine can run what surrounds the tiles.
  static let instructions: [InstructionSet] = {
    guard InstructionSet.available.contains(.avx512bf16) else { return [] }
    if !InstructionSet.available.contains(.amx) {
      tile_emulator_start()
      dk_assume_amx()
    }
    return [.amx]
  }()

  @Test(arguments: instructions, OpTable.rows)
  func tilesAreNearTheReference(_ instructions: InstructionSet, _ row: OpCase) throws {
    try CPUCheck.agreement(row, instructions, .bfloat16)
    try CPUCheck.threads(row, instructions, .bfloat16)
    try CPUCheck.batch(row, instructions, .bfloat16)
    try CPUCheck.nonFinite(row, instructions, .bfloat16)
  }
}
