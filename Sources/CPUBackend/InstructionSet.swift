import CPUKernels
import Graph

/// Instruction sets that the kernels exist for, slowest first.
package enum InstructionSet: String, Sendable, CaseIterable {
  /// What every processor has.
  case portable
  case avx2
  case avx512
  /// AVX-512 with products of pairs of bfloat16.
  case avx512bf16

  /// Those of this machine, slowest first.
  package static var available: [InstructionSet] {
    allCases.filter { $0.kernel.rawValue <= dk_best_isa().rawValue }
  }

  package static var best: InstructionSet { available[available.count - 1] }

  /// How values can be stored, the fastest first: where products of bfloat16 exist, they take half the time.
  package var storages: [Storage] {
    self == .avx512bf16 ? [.bfloat16, .float32] : [.float32, .bfloat16]
  }

  var kernel: dk_isa {
    switch self {
    case .portable: dk_isa_portable
    case .avx2: dk_isa_avx2
    case .avx512: dk_isa_avx512
    case .avx512bf16: dk_isa_avx512bf16
    }
  }
}
