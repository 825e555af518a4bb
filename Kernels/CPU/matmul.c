#ifndef ISA_PASS
#include "matmul.h"

#include <string.h>

#include "matmul_tiles.h"
#include "panel.h"

// The last panel of packed weights is as wide as the columns left, rounded up to GRAIN.
enum { DEPTH = 2048 };

static long padded(long columns) { return (columns + GRAIN - 1) / GRAIN * GRAIN; }
static dk_storage storage_of(const dk_convolution *c) {
  return c->packing == dk_panels_float32 ? dk_float32 : dk_bfloat16;
}
static long paired(const dk_convolution *c, long channels) {
  return storage_of(c) == dk_bfloat16 ? (channels + 1) / 2 * 2 : channels;
}

static long rows_of(const dk_convolution *c) { return c->pictures * c->out_height * c->out_width; }

/// Rows of one item: enough to use a panel many times, few enough to stay in the second-level cache.
static long block_rows(const dk_convolution *c) {
  long rows = (600 << 10) / 4 / c->channels / TILE * TILE;
  return rows < 128 ? 128 : rows > 512 ? 512 : rows;
}

static long blocks(const dk_convolution *c) { return (rows_of(c) + block_rows(c) - 1) / block_rows(c); }

long dk_convolution_items(const dk_convolution *c) {
  if (c->packing == dk_tiles_bfloat16) return dk_tiles_items(c);
  return (padded(c->outputs) + PANEL - 1) / PANEL * blocks(c);
}

#define SELF "matmul.c"
#include "each_isa.h"

long dk_convolution_scratch(const dk_convolution *c) {
  return c->packing == dk_tiles_bfloat16 ? dk_tiles_scratch(c) : 0;
}

void dk_convolution_item(const dk_convolution *c, long item, long thread) {
  if (c->packing == dk_tiles_bfloat16)
    dk_tiles_item(c, item, c->scratch + thread * dk_tiles_scratch(c));
  else
    DISPATCH(convolution_item, storage_of(c))(c, item);
}

#else
#include "epilogue.h"
#include "tile.h"

/// Where the TILE rows from `row` on find their factors for one tap of the kernel.
static inline void ISA(window)(const dk_convolution *c, long row, long rows, long tap,
                               const NUMBER **at) {
  long ky = tap / c->kernel_width, kx = tap % c->kernel_width, area = c->out_height * c->out_width;
  for (long r = 0; r < TILE; r++) {
    long index = row + (r < rows ? r : 0), picture = index / area, pixel = index % area;
    long y = pixel / c->out_width * c->stride + ky - c->pad_top;
    long x = pixel % c->out_width * c->stride + kx - c->pad_left;
    int inside = y >= 0 && y < c->in_height && x >= 0 && x < c->in_width;
    at[r] = inside ? (const NUMBER *)c->input + ((picture * c->in_height + y) * c->in_width + x) * c->pixel_stride
                   : c->zeros;
  }
}

static inline void ISA(finish_tile)(const dk_convolution *c, const float *sums, long row, long rows, long column,
                                    long width) {
  long count = c->outputs - column < width ? c->outputs - column : width;
  long area = c->out_height * c->out_width;
  for (long r = 0; r < rows; r++)
    ISA(finish_row)(&c->epilogue, sums + r * PANEL, (NUMBER *)c->output + (row + r) * c->output_stride + column,
                    (row + r) / area, row + r, column, count);
}

/// One panel of columns for one block of rows. Long sums are cut into pieces of about DEPTH factors, so
/// that a piece of the panel stays in cache while all rows of the block pass over it; partial sums wait
/// in `sums`. The order of every sum is fixed by the shapes.
static void ISA(convolution_item)(const dk_convolution *c, long item) {
  float sums[512 * PANEL] __attribute__((aligned(64)));
  long panel = item / blocks(c), taps = c->kernel_height * c->kernel_width, channels = c->channels;
  long first = item % blocks(c) * block_rows(c), column = panel * PANEL, width = panel_width(c->outputs, panel);
  long count = rows_of(c) - first < block_rows(c) ? rows_of(c) - first : block_rows(c);
  long stored = paired(c, channels);
  const NUMBER *weights = (const NUMBER *)c->weights + column * taps * stored;

  long pieces = (channels + DEPTH - 1) / DEPTH, length = paired(c, (channels + pieces - 1) / pieces);
  long group = pieces > 1 ? 1 : DEPTH / channels > 0 ? DEPTH / channels : 1;
  for (long tap = 0; tap < taps; tap += group)
    for (long start = 0; start < channels; start += length) {
      long depth = channels - start < length ? channels - start : length;
      long end = tap + group < taps ? tap + group : taps;
      int last = end == taps && start + depth == channels;
      for (long t = 0; t < count; t += TILE) {
        const NUMBER *at[TILE];
        float *tile = sums + t * PANEL;
        for (long each = tap; each < end; each++) {
          ISA(window)(c, first + t, count - t < TILE ? count - t : TILE, each, at);
          ISA(multiply)(at, start, depth, weights + (each * stored + start) * width, width, tile,
                        each == 0 && start == 0);
        }
        if (last) ISA(finish_tile)(c, tile, first + t, count - t < TILE ? count - t : TILE, column, width);
      }
    }
}
#endif
