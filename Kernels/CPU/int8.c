#ifndef ISA_PASS
#include "int8.h"

// A block's rows stay in the second-level cache while panels pass by, also as 16-bit numbers.
enum { BLOCK_BYTES = 160 << 10, FEWEST_ROWS = 64, MOST_ROWS = 512, ROWS_STEP = 32, ITEMS_PER_THREAD = 4 };

static long least(long a, long b) { return a < b ? a : b; }
static long most(long a, long b) { return a > b ? a : b; }
static long parts(long count, long size) { return (count + size - 1) / size; }
static long up(long count, long step) { return parts(count, step) * step; }
static long rows_of(const dk_convolution *c) { return c->pictures * c->out_height * c->out_width; }

dk_int8_cut dk_int8_cut_of(const dk_convolution *c) {
  dk_int8_cut cut;
  long fit = most(FEWEST_ROWS, least(MOST_ROWS, BLOCK_BYTES / most(1, c->channels)));
  cut.rows = least(fit / ROWS_STEP * ROWS_STEP, up(rows_of(c), ROWS_STEP));
  cut.blocks = parts(rows_of(c), most(1, cut.rows));
  long panels = parts(c->outputs, c->packing == dk_tiles_int8 ? 2 * SIDE : PANEL);
  long wanted = parts(ITEMS_PER_THREAD * c->threads, most(1, cut.blocks));
  cut.group = parts(panels, most(1, least(wanted, panels)));
  cut.groups = parts(panels, cut.group);
  // An odd number of cache lines, so that rows do not fall on the same places of the first-level cache.
  cut.pitch = (parts(c->channels, DEEP_INT8) | 1) * DEEP_INT8;
  return cut;
}

long dk_int8_items(const dk_convolution *c) {
  dk_int8_cut cut = dk_int8_cut_of(c);
  return cut.blocks * cut.groups;
}

long dk_int8_scratch(const dk_convolution *c) {
  dk_int8_cut cut = dk_int8_cut_of(c);
  return up(cut.rows * (long)sizeof(float) + cut.rows * cut.pitch * (long)sizeof(short), 4096);
}

#define USES_VNNI
#define SELF "int8.c"
#include "each_isa.h"

void dk_int8_item(const dk_convolution *c, long item, char *scratch) {
  if (c->packing == dk_tiles_int8)
    dk_int8_tiles_item(c, item, scratch);
  else
    DISPATCH(int8_item, c->storage)(c, item, scratch);
}

#else
#ifdef HAS_VNNI
#define UNSIGNED_ROWS
#endif
#include "epilogue.h"
#include "int8_rows.h"
#undef UNSIGNED_ROWS
#if LANES > 4
#include <immintrin.h>
#endif

// One step multiplies a quad of factors of each row by quads of weights of COLUMNS columns.
#ifdef HAS_VNNI
// A lane is one column's sum of all four products.
#define COLUMNS LANES
static inline VI ISA(weights)(const signed char *p) {
  VI w;
  memcpy(&w, p, sizeof w);
  return w;
}
static inline VI ISA(factor)(const QUANTUM *p) {
  int quad;
  memcpy(&quad, p, sizeof quad);
  return (VI){0} + quad;
}
static inline VI ISA(add_products)(VI sum, VI a, VI b) {
#if LANES == 16
  return (VI)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#else
  return (VI)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
#endif
}
static inline void ISA(store_sums)(int *to, VI sums) { memcpy(to, &sums, sizeof sums); }
#else
// Products of pairs of 16-bit numbers: two lanes have the sums of one column, which are added in the end.
#define COLUMNS (LANES / 2)
typedef short ISA(shorts) __attribute__((vector_size(LANES * 4)));
typedef signed char ISA(bytes) __attribute__((vector_size(LANES * 2)));
typedef unsigned long long ISA(pairs) __attribute__((vector_size(LANES * 4)));
typedef int ISA(halves) __attribute__((vector_size(LANES * 2)));

static inline VI ISA(weights)(const signed char *p) {
  ISA(bytes) w;
  memcpy(&w, p, sizeof w);
  return (VI)__builtin_convertvector(w, ISA(shorts));
}
static inline VI ISA(factor)(const QUANTUM *p) {
  unsigned long long quad;
  memcpy(&quad, p, sizeof quad);
  return (VI)((ISA(pairs)){0} + quad);
}
static inline VI ISA(add_products)(VI sum, VI a, VI b) {
#if LANES == 16
  return sum + (VI)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif LANES == 8
  return sum + (VI)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
  return sum + (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
#endif
}
static inline void ISA(store_sums)(int *to, VI sums) {
  ISA(pairs) both = (ISA(pairs))sums;
  ISA(halves) added = __builtin_convertvector(both + (both >> 32), ISA(halves));
  memcpy(to, &added, sizeof added);
}
#endif

#define UNROLL _Pragma("clang loop unroll(full)")
#define MULTIPLY(NAME, ROWS, VECTORS)                                                                                  \
  static inline void ISA(NAME)(const QUANTUM *const *rows, long quads, const signed char *panel, long width,           \
                               int *sums) {                                                                           \
    VI acc[ROWS][VECTORS];                                                                                            \
    const QUANTUM *f[ROWS];                                                                                           \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                                           \
      f[r] = rows[r];                                                                                                 \
      UNROLL for (int j = 0; j < VECTORS; j++) acc[r][j] = (VI){0};                                                   \
    }                                                                                                                 \
    for (long k = 0; k < quads; k++) {                                                                                \
      VI w[VECTORS];                                                                                                  \
      UNROLL for (int j = 0; j < VECTORS; j++) w[j] = ISA(weights)(panel + (k * width + j * COLUMNS) * QUAD);         \
      UNROLL for (int r = 0; r < ROWS; r++) {                                                                         \
        VI factor = ISA(factor)(f[r] + k * QUAD);                                                                     \
        UNROLL for (int j = 0; j < VECTORS; j++) acc[r][j] = ISA(add_products)(acc[r][j], factor, w[j]);              \
      }                                                                                                               \
    }                                                                                                                 \
    UNROLL for (int r = 0; r < ROWS; r++)                                                                             \
      UNROLL for (int j = 0; j < VECTORS; j++) ISA(store_sums)(sums + r * PANEL + j * COLUMNS, acc[r][j]);            \
  }

// The sums that registers hold beside the factors: 8 rows by up to 3 vectors where there are 32 registers, else 6 by 2.
#if LANES == 16
enum { ISA(tile_rows) = 8 };
MULTIPLY(multiply1, 8, 1)
MULTIPLY(multiply2, 8, 2)
MULTIPLY(multiply3, 8, 3)
#else
enum { ISA(tile_rows) = 6 };
MULTIPLY(multiply2, 6, 2)
#endif
#undef MULTIPLY

/// sums[tile_rows][PANEL] = rows[tile_rows] x panel[quads][width][4], for a width of 16, 32 or 48.
/// (Inlined, its loop would find rows' addresses anew in each step.)
static __attribute__((noinline)) void ISA(multiply)(const QUANTUM *const *rows, long quads, const signed char *panel,
                                                    long width, int *sums) {
#if LANES == 16
  if (width == 3 * COLUMNS) return ISA(multiply3)(rows, quads, panel, width, sums);
  if (width == COLUMNS) return ISA(multiply1)(rows, quads, panel, width, sums);
#endif
  for (long column = 0; column < width; column += 2 * COLUMNS)
    ISA(multiply2)(rows, quads, panel + column * QUAD, width, sums + column);
}

static void ISA(int8_item)(const dk_convolution *c, long item, char *scratch) {
  int sums[ISA(tile_rows) * PANEL] __attribute__((aligned(64)));
  dk_int8_cut cut = dk_int8_cut_of(c);
  dk_int8_rows rows = dk_int8_rows_in(scratch, &cut);
  dk_int8_columns columns = dk_int8_columns_of(c);
  long first = item % cut.blocks * cut.rows, count = least(cut.rows, rows_of(c) - first);
  long panel = item / cut.blocks * cut.group, end = least(panel + cut.group, parts(c->outputs, PANEL));
  long quads = parts(c->channels, QUAD);
  ISA(quantise_rows)(c, &cut, first, count, rows);
  for (; panel < end; panel++) {
    long column = panel * PANEL, width = panel_width(c->outputs, panel), used = least(width, c->outputs - column);
    const signed char *weights = (const signed char *)c->weights + column * quads * QUAD;
    for (long t = 0; t < count; t += ISA(tile_rows)) {
      const QUANTUM *at[ISA(tile_rows)];
      for (long r = 0; r < ISA(tile_rows); r++) at[r] = (QUANTUM *)rows.rows + least(t + r, count - 1) * cut.pitch;
      long some = least(ISA(tile_rows), count - t);
      ISA(fetch_finish)(c, first + t, some, column, used);
      ISA(multiply)(at, quads, weights, width, sums);
      for (long r = 0; r < some; r++)
        ISA(finish_int8)(c, &columns, sums + r * PANEL, rows.scales[t + r], first + t + r, column, used);
    }
  }
}
#undef COLUMNS
#endif
