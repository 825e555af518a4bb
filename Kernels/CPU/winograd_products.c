#ifndef ISA_PASS
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "panel.h"
#include "winograd.h"

#define USES_VNNI
#define SELF "winograd_products.c"
#include "each_isa.h"

void dk_winograd_products(const dk_convolution *c, const dk_winograd *w, const char *block, long rows,
                          const char *weights, long width, char *sums) {
  if (c->packing == dk_winograd4_float32)
    DISPATCH(products, dk_float32)(w, block, rows, weights, width, sums);
  else
    DISPATCH(products, dk_bfloat16)(w, block, rows, weights, width, sums);
}

#else
#include "vector.h"

#undef UNROLL
#define UNROLL _Pragma("clang loop unroll(full)")

// A group of factors is a float, or a pair of whole numbers of 16 bits with the first in the lower half.
#undef SUM
#ifdef STORES_BF16
#define SUM VI
typedef int ISA(group);

static inline VI ISA(add_products)(VI sum, VI a, VI b) {
#if LANES == 16 && defined(HAS_VNNI)
  return (VI)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#elif LANES == 16
  return sum + (VI)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif LANES == 8 && defined(HAS_VNNI)
  return (VI)_mm256_dpwssd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
#elif LANES == 8
  return sum + (VI)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#else
  return sum + (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
#endif
}
static inline VI ISA(spread)(int group) { return (VI){0} + group; }
#else
#define SUM VF
typedef float ISA(group);
static inline VF ISA(add_products)(VF sum, VF a, VF b) { return sum + a * b; }
// Zero is taken off, not added to: that is no operation, as minus zero stays what it is.
static inline VF ISA(spread)(float group) { return group - (VF){0}; }
#endif
#define GROUP ISA(group)

/// sums[ROWS][PANEL] (+)= factors[ROWS][groups] x weights[groups][width], VECTORS wide; `fresh` starts from zero.
#define MULTIPLY(NAME, ROWS, VECTORS)                                                                            \
  static void ISA(NAME)(const GROUP *factors, long row, long groups, const GROUP *weights, long width, GROUP *sums, \
                        int fresh) {                                                                             \
    SUM acc[ROWS][VECTORS], b[VECTORS];                                                                          \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                                      \
      UNROLL for (int j = 0; j < VECTORS; j++) {                                                                 \
        acc[r][j] = (SUM){0};                                                                                    \
        if (!fresh) memcpy(&acc[r][j], sums + r * PANEL + j * LANES, sizeof acc[r][j]);                          \
      }                                                                                                          \
    }                                                                                                            \
    for (long k = 0; k < groups; k++) {                                                                          \
      UNROLL for (int j = 0; j < VECTORS; j++) memcpy(&b[j], weights + k * width + j * LANES, sizeof b[j]);      \
      UNROLL for (int r = 0; r < ROWS; r++) {                                                                    \
        SUM factor = ISA(spread)(factors[r * row + k]);                                                          \
        UNROLL for (int j = 0; j < VECTORS; j++) acc[r][j] = ISA(add_products)(acc[r][j], factor, b[j]);         \
      }                                                                                                          \
    }                                                                                                            \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                                      \
      UNROLL for (int j = 0; j < VECTORS; j++) memcpy(sums + r * PANEL + j * LANES, &acc[r][j], sizeof acc[r][j]); \
    }                                                                                                            \
  }

// As many sums as there are registers for, and kernels for the rows that are left.
#if LANES == 16
enum { ISA(most_rows) = 8, ISA(strip) = PANEL, ISA(piece) = 64 };
MULTIPLY(multiply_1, 8, 1)
MULTIPLY(multiply_2, 8, 2)
MULTIPLY(multiply_3, 8, 3)
MULTIPLY(multiply_few_1, 4, 1)
MULTIPLY(multiply_few_2, 4, 2)
MULTIPLY(multiply_few_3, 4, 3)
#elif LANES == 8
enum { ISA(most_rows) = 6, ISA(strip) = 16, ISA(piece) = 96 };
MULTIPLY(multiply_2, 6, 2)
MULTIPLY(multiply_few_2, 4, 2)
MULTIPLY(multiply_pair_2, 2, 2)
#else
enum { ISA(most_rows) = 4, ISA(strip) = 8, ISA(piece) = 96 };
MULTIPLY(multiply_2, 4, 2)
#endif
#undef MULTIPLY

/// Some lines of the weights that are wanted next are fetched into the first-level cache before each kernel.
static inline void ISA(fetch)(const char **ahead, long lines) {
  for (long i = 0; i < lines; i++) __builtin_prefetch(*ahead + i * 64);
  *ahead += lines * 64;
}

/// One place: all rows of a block with a piece of a panel that the first-level cache keeps.
static inline void ISA(multiply_piece)(const GROUP *factors, long row, long rows, long groups, const GROUP *weights,
                                       long width, GROUP *sums, int fresh) {
  const char *ahead = (const char *)(weights + groups * width);
  const long kernels = (rows + ISA(most_rows) - 1) / ISA(most_rows) * ((width + ISA(strip) - 1) / ISA(strip));
  const long lines = (groups * width * 4 / 64 + kernels - 1) / kernels;
#if LANES == 16
  for (long r = 0; r < rows; r += 8) {
    const GROUP *from = factors + r * row;
    GROUP *to = sums + r * PANEL;
    int few = rows - r <= 4;
    ISA(fetch)(&ahead, lines);
    if (width == 48)
      (few ? ISA(multiply_few_3) : ISA(multiply_3))(from, row, groups, weights, width, to, fresh);
    else if (width == 32)
      (few ? ISA(multiply_few_2) : ISA(multiply_2))(from, row, groups, weights, width, to, fresh);
    else
      (few ? ISA(multiply_few_1) : ISA(multiply_1))(from, row, groups, weights, width, to, fresh);
  }
#else
  for (long j = 0; j < width; j += ISA(strip))
    for (long r = 0; r < rows;) {
      const GROUP *from = factors + r * row;
      GROUP *to = sums + r * PANEL + j;
      ISA(fetch)(&ahead, lines);
#if LANES == 8
      long left = rows - r;
      (left > 4 ? ISA(multiply_2) : left > 2 ? ISA(multiply_few_2) : ISA(multiply_pair_2))(
          from, row, groups, weights + j, width, to, fresh);
      r += left > 4 ? 6 : left > 2 ? 4 : 2;
#else
      ISA(multiply_2)(from, row, groups, weights + j, width, to, fresh);
      r += ISA(most_rows);
#endif
    }
#endif
}

static void ISA(products)(const dk_winograd *w, const char *block, long rows, const char *weights, long width,
                          char *sums) {
  const long row = w->stored * (long)sizeof(NUMBER) / 4;
  const long pieces = (w->groups + ISA(piece) - 1) / ISA(piece), length = (w->groups + pieces - 1) / pieces;
  for (long place = 0; place < w->places; place++) {
    const GROUP *factors = (const GROUP *)(block + place * w->plane);
    const GROUP *panel = (const GROUP *)weights + place * w->groups * width;
    for (long k = 0; k < w->groups; k += length) {
      long groups = w->groups - k < length ? w->groups - k : length;
      ISA(multiply_piece)(factors + k, row, rows, groups, panel + k * width, width,
                          (GROUP *)(sums + place * w->sums_plane), k == 0);
    }
  }
}
#undef GROUP
#undef SUM
#endif
