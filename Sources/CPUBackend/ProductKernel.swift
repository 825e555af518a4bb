import CPUKernels
import Graph

extension InstructionSet {
  /// How the matrix of a product lies, which says by which kernel it is multiplied. It depends on the sizes of one
  /// picture, so that pictures of a batch and rows of a strip are computed alike.
  func packing(of node: Node, in plan: Plan, by matmul: Matmul) -> dk_packing {
    let usesTiles = self == .amx && plan.storage == .bfloat16
    if isInt8(node) { return usesTiles ? dk_tiles_int8 : dk_panels_int8 }
    if let winograd = winograd(node, plan) { return winograd }
    if let openBLAS = matmul.packing(of: node, in: plan) { return openBLAS }
    guard plan.storage == .bfloat16 else { return dk_panels_float32 }
    return usesTiles ? dk_tiles_bfloat16 : dk_panels_bfloat16
  }

  /// Whether a product that may be one of 8 bits is one: its sums fit, and are long enough to be worth bringing rows to
  /// 8 bits.
  private func isInt8(_ node: Node) -> Bool {
    node.isInt8 && (32...Int(DK_INT8_CHANNELS)).contains(node.inputs[0].shape.channels)
  }

  /// Convolutions by fewer multiplications (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015),
  /// in whole numbers of 16 bits where values are bfloat16. Tiles of AMX are faster than either.
  private func winograd(_ node: Node, _ plan: Plan) -> dk_packing? {
    guard !plan.makesPieces, case .conv2d(_, let window) = node.op, window.mayBeTiled else { return nil }
    let result = plan.result(of: node).shape
    let pixels = (window.pictureRows ?? result[1]) * result[2]
    guard node.inputs[0].shape.channels >= Winograd.leastChannels else { return nil }
    if plan.storage == .float32 { return pixels >= Winograd.float32Pixels ? dk_winograd4_float32 : nil }
    guard self != .amx else { return nil }
    if pixels >= Winograd.largeTilePixels { return dk_winograd4_int16 }
    return pixels >= Winograd.smallTilePixels ? dk_winograd2_int16 : nil
  }
}

/// From which sizes on Winograd's form is taken. In float32 it is the faster one from there on, as measured (SPEED.md). Whole
/// numbers gain at 8x8 pixels, too, and larger tiles at 16x16; both would add hundreds of megabytes of weights.
private enum Winograd {
  /// Of the input. Fewer channels gain, too, but take little time of a full-size model; in float32 the direct form rounds less.
  static let leastChannels = 128
  static let float32Pixels = 256
  static let largeTilePixels = 600
  static let smallTilePixels = 100
}

extension dk_packing {
  /// The kernel in words, for reports.
  var words: String {
    switch self {
    case dk_winograd2_int16: "winograd 2x2, int16"
    case dk_winograd4_int16: "winograd 4x4, int16"
    case dk_winograd4_float32: "winograd 4x4, float32"
    case dk_panels_int8: "int8"
    case dk_tiles_int8: "int8 tiles"
    case dk_tiles_bfloat16: "tiles"
    case dk_rows_float32: "openblas"
    default: "direct"
    }
  }
}
