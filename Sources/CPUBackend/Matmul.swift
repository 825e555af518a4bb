import CPUKernels
import Graph

/// Who multiplies the matrices of linear layers and of convolutions of 1x1 in float32. Everything else is multiplied by
/// the own kernels.
package enum Matmul: String, Sendable, CaseIterable {
  case own
  /// OpenBLAS, a library of the system that is opened when it is first asked for.
  case openblas

  /// Whether this machine has it. To ask for OpenBLAS opens it, so nobody asks who does not want it.
  package var isAvailable: Bool { self == .own || dk_has_openblas() != 0 }

  /// The faster one of this machine, as measured (SPEED.md): OpenBLAS where the own kernels have no instruction set.
  package static func best(for instructions: InstructionSet) -> Matmul {
    instructions == .portable && Matmul.openblas.isAvailable ? .openblas : .own
  }

  /// Calls of OpenBLAS have 128 rows (openblas.c): a picture of fewer than these takes the own kernels less time.
  private static let leastRows = 64

  /// OpenBLAS's order of a node's matrix, or nil if the own kernels multiply it. That depends on the sizes of one
  /// picture, so that pictures of a batch are computed alike.
  func packing(of node: Node, in plan: Plan) -> dk_packing? {
    guard self == .openblas, plan.storage == .float32 else { return nil }
    let shape = node.inputs[0].shape
    switch node.op {
    case .linear: break
    case .conv2d(_, let window):
      guard window.kernel == 1, window.stride == 1, plan.result(of: node).shape.rows == shape.rows else {
        return nil
      }
    default: return nil
    }
    return shape.rows / max(1, shape.rank > 1 ? shape[0] : 1) >= Matmul.leastRows ? dk_rows_float32 : nil
  }
}
