#ifndef ISA_PASS
#include <math.h>

#include "panel.h"
#include "winograd.h"

#define SELF "winograd_output.c"
#include "each_isa.h"

void dk_winograd_output(const dk_convolution *c, const dk_winograd *w, long tile, long rows, const char *block,
                        const char *weights, const char *sums, long column, long width) {
  if (c->packing == dk_winograd4_float32)
    DISPATCH(output, dk_float32)(c, w, tile, rows, block, weights, sums, column, width);
  else
    DISPATCH(output, dk_bfloat16)(c, w, tile, rows, block, weights, sums, column, width);
}

#else
#include "epilogue.h"

#undef UNROLL
#define UNROLL _Pragma("clang loop unroll(full)")
#include "winograd_transforms.h"

/// What belongs to the sums of a tile.
typedef struct {
  const char *sums;  // of the tile's row
  long plane;  // bytes from place to place
  const float *tile_scales, *scales;  // from place to place: `rows` and `width` numbers
  long rows, width;
} ISA(tile_sums);

/// outputs[(edge - 2)^2][PANEL] of a tile.
INLINE void ISA(transform_back)(const ISA(tile_sums) *t, float *outputs, const int edge) {
  const int side = edge - 2;
  for (long j = 0; j < t->width; j += LANES) {
    VF points[6 * 6], pixels[4 * 4];
    UNROLL for (int p = 0; p < edge * edge; p++) {
      const char *from = t->sums + p * t->plane + j * 4;
#ifdef STORES_BF16
      VI sum;
      memcpy(&sum, from, sizeof sum);
      VF scale = ISA(load_float)(t->scales + p * t->width + j) * t->tile_scales[p * t->rows];
      points[p] = __builtin_convertvector(sum, VF) * scale;
#else
      points[p] = ISA(load_float)((const float *)from);
#endif
    }
    ISA(outputs_from_points)(points, pixels, edge);
    UNROLL for (int i = 0; i < side * side; i++) ISA(store_float)(outputs + i * PANEL + j, pixels[i]);
  }
}

/// Undoes the powers of two of a tile and of columns, and makes outputs that see no finite number no number.
static void ISA(untame)(float *outputs, long count, long width, int exponent, const int *exponents, int mask) {
  for (long i = 0; i < count; i++)
    for (long j = 0; j < width; j++)
      outputs[i * PANEL + j] = mask >> i & 1 ? NAN : scalbnf(outputs[i * PANEL + j], exponent + exponents[j]);
}

/// Output pixels of a tile: `height` lines of `width` pixels, the first of which is row `row` of the output.
typedef struct {
  long picture, row, height, width;
} ISA(tile_pixels);

static inline ISA(tile_pixels) ISA(pixels_of)(const dk_convolution *c, const dk_winograd *w, long tile) {
  long picture = tile / (w->across * w->down);
  long y = tile / w->across % w->down * w->side, x = tile % w->across * w->side;
  long height = c->out_height - y, width = c->out_width - x;
  return (ISA(tile_pixels)){picture, (picture * c->out_height + y) * c->out_width + x,
                            height < w->side ? height : w->side, width < w->side ? width : w->side};
}

static void ISA(finish_outputs)(const dk_convolution *c, const dk_winograd *w, long tile, const float *outputs,
                                long column, long count) {
  ISA(tile_pixels) t = ISA(pixels_of)(c, w, tile);
  for (long y = 0; y < t.height; y++)
    for (long x = 0; x < t.width; x++) {
      long row = t.row + y * c->out_width + x;
      ISA(finish_row)(&c->epilogue, outputs + (y * w->side + x) * PANEL,
                      (NUMBER *)c->output + row * c->output_stride + column, t.picture, row, column, count);
    }
}

/// What a tile's epilogue will read or write is fetched while the tile before is transformed.
static void ISA(fetch_outputs)(const dk_convolution *c, const dk_winograd *w, long tile, long column, long count) {
  const dk_epilogue *e = &c->epilogue;
  ISA(tile_pixels) t = ISA(pixels_of)(c, w, tile);
  for (long y = 0; y < t.height; y++) {
    long row = t.row + y * c->out_width;
    ISA(fetch_rows)(c->output, c->output_stride, row, t.width, column, count);
    ISA(fetch_rows)(e->gate, e->gate_stride, row, t.width, column, count);
    for (int i = 0; i < 2; i++) ISA(fetch_rows)(e->residual[i], e->residual_stride[i], row, t.width, column, count);
  }
}

static void ISA(output)(const dk_convolution *c, const dk_winograd *w, long tile, long rows, const char *block,
                        const char *weights, const char *sums, long column, long width) {
  float outputs[4 * 4 * PANEL] __attribute__((aligned(64)));
  long count = c->outputs - column < width ? c->outputs - column : width;
  const float *scales = (const float *)weights + w->places * w->groups * width;
  const int *exponents = (const int *)scales, *marks = (const int *)(block + w->marks);
#ifdef STORES_BF16
  exponents += w->places * width;
#endif
  int tame = 1;
  for (long j = 0; j < width; j++) tame &= exponents[j] == 0;
  for (long r = 0; r < rows; r++) {
    const ISA(tile_sums) t = {sums + r * PANEL * 4, w->sums_plane, (const float *)(block + w->scales) + r, scales,
                              w->rows, width};
    if (r + 1 < rows) ISA(fetch_outputs)(c, w, tile + r + 1, column, count);
#ifdef STORES_BF16
    if (w->edge == 4)
      ISA(transform_back)(&t, outputs, 4);
    else
#endif
      ISA(transform_back)(&t, outputs, 6);
    if (!tame || marks[r] != 0 || marks[w->rows + r] != 0)
      ISA(untame)(outputs, w->side * w->side, width, marks[r], exponents, marks[w->rows + r]);
    ISA(finish_outputs)(c, w, tile + r, outputs, column, count);
  }
}
#undef INLINE
#endif
