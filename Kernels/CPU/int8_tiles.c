#include "int8.h"

#include <string.h>

#if defined(__x86_64__)
#include "tiles.h"
#define UNSIGNED_ROWS
#include "int8_rows.h"

enum { TILE_BYTES = SIDE * DEEP_INT8 };

/// sums[32][32] = two tiles of rows times `columns` (1 or 2) tiles of columns.
static inline __attribute__((always_inline)) void multiply_pair(const unsigned char *rows, long pitch, long deep,
                                                                const signed char *weights, int columns, int *sums) {
  const unsigned char *lower = rows + SIDE * pitch;
  const signed char *next = weights + deep * TILE_BYTES;
  _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
  for (long k = 0; k < deep; k++) {
    _tile_loadd(4, rows + k * DEEP_INT8, pitch);
    _tile_loadd(6, weights + k * TILE_BYTES, 64);
    _tile_dpbusd(0, 4, 6);
    _tile_loadd(5, lower + k * DEEP_INT8, pitch);
    _tile_dpbusd(1, 5, 6);
    if (columns == 2) {
      _tile_loadd(7, next + k * TILE_BYTES, 64);
      _tile_dpbusd(2, 4, 7);
      _tile_dpbusd(3, 5, 7);
    }
  }
  _tile_stored(0, sums, 2 * SIDE * 4);
  _tile_stored(1, sums + SIDE * 2 * SIDE, 2 * SIDE * 4);
  if (columns == 2) {
    _tile_stored(2, sums + SIDE, 2 * SIDE * 4);
    _tile_stored(3, sums + SIDE * 2 * SIDE + SIDE, 2 * SIDE * 4);
  }
}

static long least(long a, long b) { return a < b ? a : b; }

/// Zeros where tiles read rows and factors that the item does not have.
static void fill_up(const dk_int8_cut *cut, long count, long channels, long deep, unsigned char *rows) {
  long padded = (count + 2 * SIDE - 1) / (2 * SIDE) * 2 * SIDE, used = deep * DEEP_INT8;
  for (long r = 0; r < padded; r++) {
    long from = r < count ? (channels + LANES - 1) / LANES * LANES : 0;
    memset(rows + r * cut->pitch + from, 0, (size_t)(used - least(from, used)));
  }
}

void dk_int8_tiles_item(const dk_convolution *c, long item, char *scratch) {
  int sums[4 * SIDE * SIDE] __attribute__((aligned(64)));
  dk_int8_cut cut = dk_int8_cut_of(c);
  dk_int8_rows rows = dk_int8_rows_in(scratch, &cut);
  dk_int8_columns columns = dk_int8_columns_of(c);
  long all = c->pictures * c->out_height * c->out_width, tiles = (c->outputs + SIDE - 1) / SIDE;
  long first = item % cut.blocks * cut.rows, count = least(cut.rows, all - first);
  long tile = item / cut.blocks * cut.group * 2, end = least(tile + cut.group * 2, tiles);
  long deep = (c->channels + DEEP_INT8 - 1) / DEEP_INT8;
  ISA(quantise_rows)(c, &cut, first, count, rows);
  fill_up(&cut, count, c->channels, deep, rows.rows);
  for (; tile < end; tile += 2) {
    const signed char *weights = (const signed char *)c->weights + tile * deep * TILE_BYTES;
    long column = tile * SIDE, used = least(2 * SIDE, c->outputs - column);
    for (long t = 0; t < count; t += 2 * SIDE) {
      const unsigned char *at = (const unsigned char *)rows.rows + t * cut.pitch;
      if (end - tile > 1)
        multiply_pair(at, cut.pitch, deep, weights, 2, sums);
      else
        multiply_pair(at, cut.pitch, deep, weights, 1, sums);
      for (long r = 0; r < least(2 * SIDE, count - t); r++)
        ISA(finish_int8)(c, &columns, sums + r * 2 * SIDE, rows.scales[t + r], first + t + r, column, used);
    }
  }
}

END_TILES
#else
void dk_int8_tiles_item(const dk_convolution *c, long item, char *scratch) { (void)c, (void)item, (void)scratch; }
#endif
