#pragma once
#include "matmul.h"

// Winograd's convolutions F(m x m, 3 x 3): tiles of m x m output pixels (m is 4 or 2), each from a window of m + 2
// pixels a side, which overlap. Windows and kernels are transformed to as many numbers as a window has pixels; for
// each of these *places* a matrix product over the channels is left, 36 products for 16 outputs of 9 factors each (16
// for 4).
//
// The products are of float32, or of whole numbers of 16 bits with sums of 32. There, the channels of one tile and
// place are scaled to a length (2-norm) of at most 2^15.45, and so are the weights of one output and place: by Cauchy
// and Schwarz no sum reaches 2^31, whatever the numbers are.

/// How a convolution is cut, decided by its shape. Blocks of tiles are what one item multiplies. A block's memory
/// holds, for each place, a plane `[rows][stored]` of transformed windows, then float32 scales `[places][rows]` (of
/// whole numbers), then exponents and masks (int, `[rows]` each).
typedef struct {
  long side, edge, places;  // output pixels along a tile, input pixels along its window, the latter's square
  long across, down, tiles;  // tiles in a line, in a picture's height, in all
  long stored;  // channels of a row, filled up with zeros
  long groups;  // of 4 bytes that a sum over the channels takes
  long rows, blocks;  // tiles of a block (a multiple of ROWS_STEP), blocks in all
  long plane, scales, marks, block_bytes;  // bytes: from place to place, where scales and exponents begin, of all
  long sums_plane, sums_bytes;  // bytes of sums: from place to place, of all
  int fused;  // an item transforms its block itself, and multiplies all outputs
  int by_blocks;  // else, whether a block's panels follow each other, or a panel's blocks
} dk_winograd;

/// Tiles of a block are filled up to a multiple of this, so that kernels need no copies for few rows.
enum { ROWS_STEP = 8 };

dk_winograd dk_winograd_of(const dk_convolution *c);
static inline int dk_is_winograd(dk_packing packing) {
  return packing >= dk_winograd2_int16 && packing <= dk_winograd4_float32;
}

// The parts of dk_convolution for these packings.
long dk_winograd_items(const dk_convolution *c);
long dk_winograd_scratch(const dk_convolution *c);
void dk_winograd_item(const dk_convolution *c, long item, long thread);
long dk_winograd_prepare_items(const dk_convolution *c);
long dk_winograd_shared(const dk_convolution *c);
void dk_winograd_prepare(const dk_convolution *c, long item, long thread);

/// Packed weights: for each panel of columns the planes `[places][groups][columns]`, then float32 scales
/// `[places][columns]` (of whole numbers), then exponents (int, `[columns]`).
long dk_winograd_column_bytes(long channels, dk_packing packing);
void dk_pack_winograd(const float *rows, long first, long count, long channels, void *packed, long outputs,
                      dk_packing packing);

/// Transforms the window of tile `tile` into row `row` of a block.
void dk_winograd_input(const dk_convolution *c, const dk_winograd *w, long tile, char *block, long row, char *scratch);
/// Bytes of scratch for that.
long dk_winograd_input_scratch(const dk_convolution *c, const dk_winograd *w);

/// sums[places][rows][PANEL] (int or float) = products of a block's first `rows` rows with a panel of weights.
void dk_winograd_products(const dk_convolution *c, const dk_winograd *w, const char *block, long rows,
                          const char *weights, long width, char *sums);

/// Transforms sums back to the outputs of `rows` tiles from `tile` on, and finishes them.
void dk_winograd_output(const dk_convolution *c, const dk_winograd *w, long tile, long rows, const char *block,
                        const char *weights, const char *sums, long column, long width);
