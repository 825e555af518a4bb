#pragma once
#include "storage.h"

/// The version of everything below. Packed weights are kept on disk under it: raise it when the bytes of any packing change.
enum { DK_PACKED_LAYOUT = 1 };

/// How a matrix product's weights lie.
typedef enum {
  /// Panels of 48 columns, each `[kernel taps, channels][columns]`.
  dk_panels_float32 = 0,
  /// The same with pairs of channels side by side, as products of pairs want them: `[taps, channels / 2][columns][2]`.
  /// An odd last channel is followed by zeros.
  dk_panels_bfloat16 = 1,
  /// For products of tiles: `[columns / 16][channels / 32][kernel columns][kernel rows]` tiles of
  /// `[channels 32 / 2][columns 16][2]`, filled up with zeros.
  dk_tiles_bfloat16 = 2,
  /// Kernels of 3x3, transformed for Winograd's convolution of stride 1 with tiles of 2x2 output pixels, in whole numbers
  /// of 16 bits; values are stored in bfloat16. Scales lie behind them. 16/9 of dk_panels_bfloat16's bytes.
  dk_winograd2_int16 = 3,
  /// The same with tiles of 4x4: 4 times dk_panels_bfloat16's bytes.
  dk_winograd4_int16 = 4,
  /// The same in float32, values too: 4 times dk_panels_float32's bytes.
  dk_winograd4_float32 = 5,
  // In 8 bits, for 1x1 kernels alone; the input and the output are stored as dk_convolution says. After the numbers come a
  // scale in float32 for each column, and an int32 for each: 128 x the sum of its numbers.
  /// Panels of 48 columns, with factors in fours: `[channels / 4][columns][4]`.
  dk_panels_int8 = 7,
  /// For products of tiles: `[columns / 16][channels / 64]` tiles of `[channels 64 / 4][columns 16][4]`.
  dk_tiles_int8 = 8,
  /// As in the checkpoint, `[columns][channels]`, for OpenBLAS: 1x1 kernels of stride 1 alone.
  dk_rows_float32 = 9,
} dk_packing;

/// Channels whose sums of products in 8 bits fit int32 for certain: 127 x 127 x so many are less than 2^31.
enum { DK_INT8_CHANNELS = 133143 };

/// Bytes of packed weights for `outputs` columns of `area` x `channels` factors each.
long dk_packed_bytes(long outputs, long channels, long area, dk_packing packing);

/// Packs columns `first ..< first + count` of a weight matrix. `rows` holds `count` of the checkpoint's
/// rows, each `[channels, area]` (a square convolution kernel's order; area 1 for a linear layer).
/// Columns may come in any number of calls; `packed` must be zero before the first, for the padding's sake.
void dk_pack_weights(const float *rows, long first, long count, long channels, long area, void *packed,
                     long outputs, dk_packing packing);
