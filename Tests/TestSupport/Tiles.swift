import CPUBackend
import CPUKernels
import TileEmulator

/// The instruction set AMX in tests. Where the processor has none its instructions are emulated; they run as they are,
/// so all of them is tested but their speed.
package enum Tiles {
  /// AMX, if it is emulated.
  package static let emulated: [InstructionSet] = {
    // What surrounds the tiles must be there.
    guard InstructionSet.available.last == .avx512bf16 else { return [] }
    tile_emulator_start()
    dk_emulate_amx()
    return [.amx]
  }()

  /// AMX, if the processor has it or it is emulated.
  package static let instructions =
    emulated.isEmpty ? InstructionSet.available.filter { $0 == .amx } : emulated

  /// Loads of tiles for each product of tiles while the calling thread runs `body`.
  package static func loadsPerProduct(_ body: () throws -> Void) rethrows -> Double {
    let before = tile_emulator_counts()
    try body()
    let after = tile_emulator_counts()
    return Double(after.loads - before.loads) / Double(after.products - before.products)
  }
}
