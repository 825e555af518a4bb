import CPUKernels
import Graph

/// Instruction sets that the kernels exist for, slowest first.
package enum InstructionSet: String, Sendable, CaseIterable {
  /// What every processor has.
  case portable
  case avx2
  /// AVX2 with sums of products of whole numbers.
  case avxvnni
  case avx512
  /// AVX-512 with sums of products of whole numbers.
  case avx512vnni
  /// The same with products of pairs of bfloat16.
  case avx512bf16
  /// The same with products of tiles of bfloat16.
  case amx

  /// Those of this machine, slowest first.
  package static var available: [InstructionSet] {
    allCases.filter { dk_has_isa($0.kernel) != 0 }
  }

  /// The fastest one of this machine.
  package static var best: InstructionSet {
    allCases.first { $0.kernel == dk_best_isa() } ?? .portable
  }

  /// How values can be stored, the fastest first: beside bfloat16, large convolutions are computed in whole numbers of 16
  /// bits, and some processors have products of bfloat16.
  package var storages: [Storage] { self == .portable ? [.float32, .bfloat16] : [.bfloat16, .float32] }

  var kernel: dk_isa {
    switch self {
    case .portable: dk_isa_portable
    case .avx2: dk_isa_avx2
    case .avxvnni: dk_isa_avxvnni
    case .avx512: dk_isa_avx512
    case .avx512vnni: dk_isa_avx512vnni
    case .avx512bf16: dk_isa_avx512bf16
    case .amx: dk_isa_amx
    }
  }
}
