#include "winograd.h"

#include "panel.h"

enum {
  LINE = 64,
  CHANNELS_STEP = 16,
  BLOCK_ROWS = 48,  // sums of so many stay in the second-level cache
  SHARED_BYTES = 48 << 20,
  PORTION = 4096,  // channels of tiles that one item of the first phase transforms
};

static long up(long count, long step) { return (count + step - 1) / step * step; }
static long least(long a, long b) { return a < b ? a : b; }
static long most(long a, long b) { return a > b ? a : b; }

/// An odd number of cache lines, so that planes' rows fall into different sets.
static long spread(long bytes) { return ((bytes + LINE - 1) / LINE | 1) * LINE; }

static int is_float32(const dk_convolution *c) { return c->packing == dk_winograd4_float32; }

static long parts(long count, long size) { return (count + size - 1) / size; }

static void cut(dk_winograd *w, long rows, long number_bytes) {
  w->rows = least(rows, up(w->tiles, ROWS_STEP));
  w->blocks = parts(w->tiles, w->rows);
  w->plane = spread(w->rows * w->stored * number_bytes);
  w->scales = w->places * w->plane;
  w->marks = w->scales + w->places * w->rows * 4;
  w->block_bytes = up(w->marks + 2 * w->rows * 4, LINE);
  w->sums_plane = spread(w->rows * PANEL * 4);
  w->sums_bytes = w->places * w->sums_plane;
}

/// Rows of blocks that threads can share out well.
static long fair_rows(long tiles, long threads) {
  long best = BLOCK_ROWS, longest = parts(parts(tiles, best), threads) * best;
  for (long rows = 32; rows <= 64; rows += ROWS_STEP) {
    long each = parts(parts(tiles, rows), threads) * rows;
    // More than a sixteenth less work for the last thread.
    if (each < longest - longest / 16) best = rows, longest = each;
  }
  return best;
}

/// Best is that an item multiplies what it has just transformed, while it is near. Where there are too few blocks for
/// that, or all weights would pass too often, windows are transformed first, if they need not too much memory.
dk_winograd dk_winograd_of(const dk_convolution *c) {
  long bytes = is_float32(c) ? 4 : 2;
  dk_winograd w = {.side = c->packing == dk_winograd2_int16 ? 2 : 4};
  w.edge = w.side + 2;
  w.places = w.edge * w.edge;
  w.across = parts(c->out_width, w.side);
  w.down = parts(c->out_height, w.side);
  w.tiles = c->pictures * w.across * w.down;
  w.stored = up(c->channels, CHANNELS_STEP);
  w.groups = is_float32(c) ? c->channels : (c->channels + 1) / 2;
  dk_winograd fused = w;
  fused.fused = 1;
  cut(&w, BLOCK_ROWS, bytes);
  cut(&fused, fair_rows(w.tiles, c->threads), bytes);
  long weights = c->outputs * dk_winograd_column_bytes(c->channels, c->packing), windows = w.blocks * w.block_bytes;
  w.by_blocks = windows > weights;
  if (windows > SHARED_BYTES) return fused;
  return fused.blocks >= 2 * c->threads && weights <= 2 * windows ? fused : w;
}

static long panels(const dk_convolution *c) { return parts(c->outputs, PANEL); }

long dk_winograd_items(const dk_convolution *c) {
  dk_winograd w = dk_winograd_of(c);
  return w.fused ? w.blocks : w.blocks * panels(c);
}

static long inputs_at(const dk_winograd *w) { return up(w->sums_bytes, LINE); }

static long block_at(const dk_convolution *c, const dk_winograd *w) {
  return inputs_at(w) + up(dk_winograd_input_scratch(c, w), LINE);
}

/// Sums, what the transforms of windows need, and a block.
long dk_winograd_scratch(const dk_convolution *c) {
  dk_winograd w = dk_winograd_of(c);
  return block_at(c, &w) + (w.fused ? w.block_bytes : 0);
}

static long portion(const dk_convolution *c) { return most(1, PORTION / c->channels); }

long dk_winograd_prepare_items(const dk_convolution *c) {
  dk_winograd w = dk_winograd_of(c);
  return w.fused ? 0 : parts(w.tiles, portion(c));
}

long dk_winograd_shared(const dk_convolution *c) {
  dk_winograd w = dk_winograd_of(c);
  return w.fused ? 0 : w.blocks * w.block_bytes;
}

void dk_winograd_prepare(const dk_convolution *c, long item, long thread) {
  dk_winograd w = dk_winograd_of(c);
  char *scratch = c->scratch + thread * dk_winograd_scratch(c) + inputs_at(&w);
  long end = least(w.tiles, (item + 1) * portion(c));
  for (long tile = item * portion(c); tile < end; tile++)
    dk_winograd_input(c, &w, tile, c->shared + tile / w.rows * w.block_bytes, tile % w.rows, scratch);
}

/// A block times a panel of outputs.
static void multiply(const dk_convolution *c, const dk_winograd *w, long number, const char *block, long panel,
                     char *sums) {
  long rows = least(w->rows, w->tiles - number * w->rows), width = panel_width(c->outputs, panel);
  const char *weights = (const char *)c->weights + panel * PANEL * dk_winograd_column_bytes(c->channels, c->packing);
  dk_winograd_products(c, w, block, rows, weights, width, sums);
  dk_winograd_output(c, w, number * w->rows, rows, block, weights, sums, panel * PANEL, width);
}

void dk_winograd_item(const dk_convolution *c, long item, long thread) {
  dk_winograd w = dk_winograd_of(c);
  char *sums = c->scratch + thread * dk_winograd_scratch(c);
  if (!w.fused) {
    long number = w.by_blocks ? item / panels(c) : item % w.blocks;
    multiply(c, &w, number, c->shared + number * w.block_bytes, w.by_blocks ? item % panels(c) : item / w.blocks, sums);
    return;
  }
  char *block = sums + block_at(c, &w);
  long first = item * w.rows, end = least(w.tiles, first + w.rows);
  for (long tile = first; tile < end; tile++)
    dk_winograd_input(c, &w, tile, block, tile - first, sums + inputs_at(&w));
  for (long panel = 0; panel < panels(c); panel++) multiply(c, &w, item, block, panel, sums);
}
