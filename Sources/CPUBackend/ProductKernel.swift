import CPUKernels
import Graph

extension InstructionSet {
  /// How the matrix of a product lies, which says by which kernel it is multiplied.
  func packing(of node: Node, in plan: Plan) -> dk_packing {
    let usesTiles = self == .amx && plan.storage == .bfloat16
    if isInt8(node) { return usesTiles ? dk_tiles_int8 : dk_panels_int8 }
    guard plan.storage == .bfloat16 else { return dk_panels_float32 }
    return usesTiles ? dk_tiles_bfloat16 : dk_panels_bfloat16
  }

  /// Whether a product that may be one of 8 bits is one: its sums fit, and are long enough to be worth bringing rows to
  /// 8 bits.
  private func isInt8(_ node: Node) -> Bool {
    node.isInt8 && (32...Int(DK_INT8_CHANNELS)).contains(node.inputs[0].shape.channels)
  }
}
