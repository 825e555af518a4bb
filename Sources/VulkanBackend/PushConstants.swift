// Push constants of the kernels, field by field as in Kernels/Vulkan; addresses come first, so that the layout is
// that of the shaders.

struct ProductPush {
  var data: UInt64 = 0
  var weights: UInt64 = 0
  var result: UInt64 = 0
  var epilogue = EpilogueAddresses()
  var data_stride: UInt32 = 0
  var numbers = EpilogueNumbers()
  var channels: UInt32 = 0
  var outputs: UInt32 = 0
  var in_height: UInt32 = 0
  var in_width: UInt32 = 0
  var out_height: UInt32 = 0
  var out_width: UInt32 = 0
  var pictures: UInt32 = 0
  var window: UInt32 = 0
  var flags: UInt32 = 0
  var depth: UInt32 = 0
}

struct EpilogueAddresses {
  var bias: UInt64 = 0
  var vector: UInt64 = 0
  var gate: UInt64 = 0
  var residual_0: UInt64 = 0
  var residual_1: UInt64 = 0
}

/// Strides, and the slope or factor of an activation.
struct EpilogueNumbers {
  var vector: UInt32 = 0
  var gate: UInt32 = 0
  var residual_0: UInt32 = 0
  var residual_1: UInt32 = 0
  var slope: Float = 0
}

/// Bits of `flags`, as in activation.glsl.
enum Flag {
  static let bias: UInt32 = 8
  static let vector: UInt32 = 16
  static let gate: UInt32 = 32
  static let residuals: [UInt32] = [64, 128]
  static let halfInput: UInt32 = 256
  static let halfOutput: UInt32 = 512
  static let halfVector: UInt32 = 1024
  static let halfGate: UInt32 = 2048
  static let halfResiduals: [UInt32] = [4096, 8192]
  /// As in group_norm.glsl.
  static let moments: UInt32 = 16384
  static let wholeQuads: UInt32 = 32768
}

struct RowsPush {
  var data: UInt64 = 0
  var result: UInt64 = 0
  var epilogue = EpilogueAddresses()
  var data_stride: UInt32 = 0
  var result_stride: UInt32 = 0
  var numbers = EpilogueNumbers()
  var rows: UInt32 = 0
  var columns: UInt32 = 0
  var picture_rows: UInt32 = 0
  var flags: UInt32 = 0
}

struct UpsamplePush {
  var data: UInt64
  var result: UInt64
  var data_stride: UInt32
  var pictures: UInt32
  var in_height: UInt32
  var in_width: UInt32
  var out_height: UInt32
  var out_width: UInt32
  var channels: UInt32
  var half_data: UInt32
  var half_result: UInt32
}

struct EmbeddingPush {
  var ids: UInt64
  var table: UInt64
  var positions: UInt64
  var result: UInt64
  var tokens: UInt32
  var sequences: UInt32
  var width: UInt32
  var table_rows: UInt32
  var has_positions: UInt32
  var half_table: UInt32
  var half_result: UInt32
}

struct LayerNormPush {
  var data: UInt64
  var weight: UInt64
  var bias: UInt64
  var result: UInt64
  var data_stride: UInt32
  var channels: UInt32
  var rows: UInt32
  var epsilon: Float
  var flags: UInt32
}

struct GroupNormPush {
  var data: UInt64
  var statistics: UInt64
  var whole: UInt64
  var weight: UInt64
  var bias: UInt64
  var result: UInt64
  var data_stride: UInt32
  var pictures: UInt32
  var pixels: UInt32
  var channels: UInt32
  var groups: UInt32
  var chunks: UInt32
  var chunk_pixels: UInt32
  var epsilon: Float
  var flags: UInt32
  var block_groups: UInt32
}

struct AttentionPush {
  var query: UInt64
  var key: UInt64
  var value: UInt64
  var result: UInt64
  var query_stride: UInt32
  var key_stride: UInt32
  var value_stride: UInt32
  var queries: UInt32
  var keys: UInt32
  var heads: UInt32
  var scale: Float
  var causal: UInt32
  var half_data: UInt32
}

struct TransferPush {
  var data: UInt64
  var result: UInt64
  var pictures: UInt32
  var channels: UInt32
  var pixels: UInt32
  var half_data: UInt32
  var half_result: UInt32
  var channels_first: UInt32
}

struct PackPush {
  var data: UInt64
  var result: UInt64
  var rows: UInt32
  var first_row: UInt32
  var channels: UInt32
  var taps: UInt32
  var padded: UInt32
  var half_result: UInt32
}

/// As in pixels.comp.
struct PixelsPush {
  var data: UInt64
  var bytes: UInt64
  var broken: UInt64
  var count: UInt32
  var half_data: UInt32
}
