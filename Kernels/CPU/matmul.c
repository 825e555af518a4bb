#ifndef ISA_PASS
#include "matmul.h"

#include <string.h>

#include "int8.h"
#include "matmul_tiles.h"
#include "openblas_product.h"
#include "panel.h"
#include "winograd.h"

// An item is a block of rows times a chunk of panels. A block's factors of one piece of the depth stay in the
// second-level cache while the chunk's panels pass, and a tile's width of weights stays in the first-level cache
// while the block's rows pass. The last panel is as wide as the columns left, rounded up to GRAIN.
enum { ROWS = 144, DEPTH = 384, CHUNK = 8, ITEMS_PER_THREAD = 4, COPIED = 32, TAPS = DEPTH / COPIED, WHOLE_TILES = 24 };

static long least(long a, long b) { return a < b ? a : b; }
static long parts(long count, long size) { return (count + size - 1) / size; }
static int is_int8(const dk_convolution *c) { return c->packing == dk_panels_int8 || c->packing == dk_tiles_int8; }
static dk_storage storage_of(const dk_convolution *c) {
  return c->packing == dk_panels_float32 ? dk_float32 : dk_bfloat16;
}
static long paired(const dk_convolution *c, long channels) {
  return storage_of(c) == dk_bfloat16 ? (channels + 1) / 2 * 2 : channels;
}
static long rows_of(const dk_convolution *c) { return c->pictures * c->out_height * c->out_width; }
static long taps_of(const dk_convolution *c) { return c->kernel_height * c->kernel_width; }

/// How a convolution is cut into items. No sum depends on it.
typedef struct {
  long rows, blocks;  // of one block; blocks in all
  long panels, chunks;  // of one chunk; chunks in all
  int by_rows;  // whether a block's chunks follow each other, or a chunk's blocks
} cut;

static cut cut_of(const dk_convolution *c) {
  long rows = rows_of(c), panels = parts(c->outputs, PANEL);
  cut s = {.blocks = rows < 1 ? 1 : parts(rows, ROWS)};
  s.rows = parts(parts(rows, s.blocks), WHOLE_TILES) * WHOLE_TILES;
  s.blocks = s.rows < 1 ? 0 : parts(rows, s.rows);
  s.chunks = parts(panels, CHUNK);
  while (s.chunks < panels && s.blocks * s.chunks < ITEMS_PER_THREAD * c->threads) s.chunks++;
  s.panels = parts(panels, s.chunks);
  s.chunks = parts(panels, s.panels);
  // The smaller of the two matrices is the one that is read again and again.
  s.by_rows = c->outputs * taps_of(c) < rows;
  return s;
}

long dk_convolution_items(const dk_convolution *c) {
  if (c->packing == dk_tiles_bfloat16) return dk_tiles_items(c);
  if (c->packing == dk_rows_float32) return dk_openblas_items(c);
  if (is_int8(c)) return dk_int8_items(c);
  if (dk_is_winograd(c->packing)) return dk_winograd_items(c);
  cut s = cut_of(c);
  return s.blocks * s.chunks;
}

/// One piece of the depth: `depth` channels from `start` on of each of `taps` taps from `tap` on.
typedef struct {
  long tap, taps, start, depth;
  int first, last;
} piece;

/// The `next` piece; false after the last.
static int next_piece(const dk_convolution *c, piece *p) {
  long taps = taps_of(c), count = parts(c->channels, DEPTH), length = paired(c, parts(c->channels, count));
  long group = count > 1 ? 1 : least(TAPS, DEPTH / c->channels);
  p->first = p->taps == 0;
  if (p->first) {
    p->tap = p->start = 0;
  } else if (p->start + p->depth < c->channels) {
    p->start += p->depth;
  } else {
    p->tap += p->taps;
    p->start = 0;
  }
  if (p->tap >= taps) return 0;
  p->taps = least(group, taps - p->tap);
  p->depth = least(length, c->channels - p->start);
  p->last = p->tap + p->taps == taps && p->start + p->depth == c->channels;
  return 1;
}

/// A block of an item's memory, one of its own for each thread.
typedef struct {
  const void **rows;  // [TAPS][ROWS], where factors lie
  void *factors;  // [ROWS][PITCH], copied
  float *weights;  // [DEPTH][tile_columns], widened
  float *sums;  // [CHUNK x PANEL / tile_columns][ROWS / tile_rows][tile_rows][tile_columns]
} workspace;

// Rows of copied factors are no power of two, so that those of a tile do not share lines of the cache.
enum { PITCH = DEPTH + 16, ROW_BYTES = TAPS * ROWS * 8, FACTOR_BYTES = ROWS * PITCH * 4 };
enum { WEIGHT_BYTES = DEPTH * PANEL * 4, SUM_BYTES = ROWS * CHUNK * PANEL * 4 };

static workspace divided(char *scratch) {
  char *factors = scratch + ROW_BYTES, *weights = factors + FACTOR_BYTES;
  return (workspace){(const void **)scratch, factors, (float *)weights, (float *)(weights + WEIGHT_BYTES)};
}

#define SELF "matmul.c"
#include "each_isa.h"

long dk_convolution_scratch(const dk_convolution *c) {
  if (dk_is_winograd(c->packing)) return dk_winograd_scratch(c);
  if (c->packing == dk_tiles_bfloat16) return dk_tiles_scratch(c);
  if (c->packing == dk_rows_float32) return dk_openblas_scratch(c);
  if (is_int8(c)) return dk_int8_scratch(c);
  return ROW_BYTES + FACTOR_BYTES + WEIGHT_BYTES + SUM_BYTES;
}

long dk_convolution_prepare_items(const dk_convolution *c) {
  return dk_is_winograd(c->packing) ? dk_winograd_prepare_items(c) : 0;
}

long dk_convolution_shared(const dk_convolution *c) {
  return dk_is_winograd(c->packing) ? dk_winograd_shared(c) : 0;
}

void dk_convolution_prepare(const dk_convolution *c, long item, long thread) { dk_winograd_prepare(c, item, thread); }

void dk_convolution_item(const dk_convolution *c, long item, long thread) {
  char *scratch = c->scratch + thread * dk_convolution_scratch(c);
  if (c->packing == dk_tiles_bfloat16)
    dk_tiles_item(c, item, scratch);
  else if (c->packing == dk_rows_float32)
    dk_openblas_item(c, item, scratch);
  else if (is_int8(c))
    dk_int8_item(c, item, scratch);
  else if (dk_is_winograd(c->packing))
    dk_winograd_item(c, item, thread);
  else
    DISPATCH(convolution_item, storage_of(c))(c, item, scratch);
}

#else
#include "epilogue.h"
#include "product_tile.h"

/// Whether factors are copied: to widen them, or since single taps have too few.
static inline int ISA(copies)(const dk_convolution *c) {
#if defined(STORES_BF16) && !defined(HAS_DOT)
  return (void)c, 1;
#else
  return c->channels < COPIED;
#endif
}

static inline void ISA(copy_factors)(const NUMBER *from, long count, FACTOR *to) {
#if defined(STORES_BF16) && !defined(HAS_DOT)
  long i = 0;
  for (; i + LANES <= count; i += LANES) ISA(store_float)(to + i, ISA(load)(from + i));
  for (; i < count; i++) to[i] = ISA(widen)(from[i]);
#else
  memcpy(to, from, (size_t)count * sizeof *to);
#endif
}

/// Where the factors of `count` output pixels from `first` on lie: w->rows[tap][row]. Rows that fill up the last tile
/// repeat the first.
static void ISA(find_factors)(const dk_convolution *c, const piece *p, long first, long count, workspace *w) {
  long area = c->out_height * c->out_width, stored = paired(c, p->depth);
  long all = parts(count, ISA(tile_rows)) * ISA(tile_rows);
  for (long r = 0; r < count; r++) {
    long picture = (first + r) / area, pixel = (first + r) % area;
    long top = pixel / c->out_width * c->stride - c->pad_top, left = pixel % c->out_width * c->stride - c->pad_left;
    FACTOR *copy = (FACTOR *)w->factors + r * PITCH;
    for (long t = 0; t < p->taps; t++) {
      long y = top + (p->tap + t) / c->kernel_width, x = left + (p->tap + t) % c->kernel_width;
      int inside = y >= 0 && y < c->in_height && x >= 0 && x < c->in_width;
      const NUMBER *at = inside ? (const NUMBER *)c->input +
                                      ((picture * c->in_height + y) * c->in_width + x) * c->pixel_stride
                                : (const NUMBER *)c->zeros;
      w->rows[t * ROWS + r] = at + p->start;
      if (!ISA(copies)(c)) continue;
      ISA(copy_factors)(at + p->start, p->depth, copy + t * stored);
      if (stored > p->depth) copy[t * stored + p->depth] = 0;
    }
    if (ISA(copies)(c)) w->rows[r] = copy;
  }
  for (long r = count; r < all; r++)
    for (long t = 0; t < p->taps; t++) w->rows[t * ROWS + r] = w->rows[t * ROWS];
}

#if defined(STORES_BF16) && !defined(HAS_DOT)
/// Pairs of rows of weights, `depth` rows of `width` columns, to float32. `stride` as in multiply_tile.
static inline void ISA(widen_weights)(const NUMBER *from, long depth, long stride, long width, float *to) {
  for (long k = 0; k < depth; k += 2)
    for (long j = 0; j < width; j += LANES) {
      VI pairs = (VI)ISA(load_float)((const float *)(from + k * stride + 2 * j));
      ISA(store_float)(to + k * width + j, (VF)(pairs << 16));
      ISA(store_float)(to + (k + 1) * width + j, (VF)(pairs & (int)0xffff0000));
    }
}
#endif

/// Weights that the item will need next, to be fetched while it multiplies others: `share` lines for each tile.
typedef struct {
  const char *next, *end;
  long share;
} ISA(fetching);

static inline void ISA(fetch_share)(ISA(fetching) *f) {
  for (long i = 0; i < f->share && f->next < f->end; i++, f->next += 64) __builtin_prefetch(f->next, 0, 2);
}

/// A piece's weights in one panel.
static inline const NUMBER *ISA(weights_of)(const dk_convolution *c, const piece *p, long panel) {
  long stored = paired(c, c->channels);
  return (const NUMBER *)c->weights + panel * PANEL * taps_of(c) * stored +
         (p->tap * stored + p->start) * panel_width(c->outputs, panel);
}

/// Of the chunk's next panel, or of its first one for the next piece.
static inline ISA(fetching) ISA(after)(const dk_convolution *c, const piece *p, long from, long panel, long to,
                                       long rows) {
  piece next = *p;
  if (panel + 1 < to)
    panel++;
  else if (next_piece(c, &next))
    panel = from;
  else
    return (ISA(fetching)){0};
  long width = panel_width(c->outputs, panel), bytes = next.taps * paired(c, next.depth) * width * (long)sizeof(NUMBER);
  long tiles = parts(rows, ISA(tile_rows)) * parts(width, ISA(tile_columns));
  const char *at = (const char *)ISA(weights_of)(c, &next, panel);
  return (ISA(fetching)){at, at + bytes, parts(bytes, 64 * tiles)};
}

/// One tile's width of columns for all rows of a block.
static inline void ISA(multiply_columns)(const dk_convolution *c, const piece *p, const workspace *w, long first,
                                         long rows, long column, long width, const FACTOR *weights, long stride,
                                         float *sums, ISA(fetching) *ahead) {
  const dk_epilogue *e = &c->epilogue;
  long used = least(width, c->outputs - column), area = c->out_height * c->out_width;
  long stored = paired(c, p->depth), calls = ISA(copies)(c) ? 1 : p->taps;
  long depth = ISA(copies)(c) ? p->taps * stored : p->depth;
  for (long t = 0; t < rows; t += ISA(tile_rows)) {
    long count = least(ISA(tile_rows), rows - t);
    // Sums that do not wait for another piece share one place.
    float *tile = sums + (p->first && p->last ? 0 : t * ISA(tile_columns));
    if (p->last) {
      ISA(fetch_rows)(c->output, c->output_stride, first + t, count, column, used);
      ISA(fetch_rows)(e->gate, e->gate_stride, first + t, count, column, used);
      for (int i = 0; i < 2; i++)
        ISA(fetch_rows)(e->residual[i], e->residual_stride[i], first + t, count, column, used);
    }
    ISA(fetch_share)(ahead);
    for (long i = 0; i < calls; i++)
      ISA(multiply_tile)((const FACTOR *const *)w->rows + i * ROWS + t, depth, weights + i * stored * stride, stride,
                         width, tile, p->first && i == 0);
    if (!p->last) continue;
    for (long r = 0; r < count; r++) {
      long row = first + t + r;
      ISA(finish_row)(e, tile + r * ISA(tile_columns), (NUMBER *)c->output + row * c->output_stride + column,
                      e->vector ? row / area : 0, row, column, used);
    }
  }
}

static void ISA(convolution_item)(const dk_convolution *c, long item, char *scratch) {
  workspace w = divided(scratch);
  cut s = cut_of(c);
  long block = s.by_rows ? item / s.chunks : item % s.blocks, chunk = s.by_rows ? item % s.chunks : item / s.blocks;
  long first = block * s.rows, rows = least(s.rows, rows_of(c) - first);
  long from = chunk * s.panels, to = least(from + s.panels, parts(c->outputs, PANEL));
  for (piece p = {0}; next_piece(c, &p);) {
    ISA(find_factors)(c, &p, first, rows, &w);
    for (long panel = from; panel < to; panel++) {
      long column = panel * PANEL, width = panel_width(c->outputs, panel);
      const NUMBER *weights = ISA(weights_of)(c, &p, panel);
      ISA(fetching) ahead = ISA(after)(c, &p, from, panel, to, rows);
      for (long j = 0; j < width && column + j < c->outputs; j += ISA(tile_columns)) {
        long some = least(ISA(tile_columns), width - j);
        float *sums = w.sums + (p.first && p.last ? 0 : ((panel - from) * PANEL + j) * ROWS);
#if defined(STORES_BF16) && !defined(HAS_DOT)
        ISA(widen_weights)(weights + 2 * j, p.taps * paired(c, p.depth), width, some, w.weights);
        ISA(multiply_columns)(c, &p, &w, first, rows, column + j, some, w.weights, some, sums, &ahead);
#else
        ISA(multiply_columns)(c, &p, &w, first, rows, column + j, some, weights + AT_ONCE * j, width, sums, &ahead);
#endif
      }
    }
  }
}
#undef FACTOR
#undef AT_ONCE
#endif
