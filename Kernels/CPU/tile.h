// The register tile of all matrix products: TILE rows by up to PANEL columns. Included after vector.h.

/// sums[ROWS][PANEL] (+)= factors[ROWS][start ..< start + depth] x panel[depth][width], VECTORS wide.
/// `fresh` starts from zero. Each row has its own pointer, so rows may lie anywhere. One STEP multiplies a row of the
/// panel, or a pair of rows.
#define MULTIPLY(NAME, ROWS, VECTORS)                                                                     \
  static inline void ISA(NAME)(const NUMBER *const *factors, long start, long depth, const NUMBER *panel, \
                               long width, float *sums, int fresh) {                                     \
    VF acc[ROWS][VECTORS];                                                                               \
    const NUMBER *f[ROWS];                                                                               \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                              \
      f[r] = factors[r] + start;                                                                         \
      UNROLL for (int j = 0; j < VECTORS; j++)                                                           \
          acc[r][j] = fresh ? (VF){0} : ISA(load_float)(sums + r * PANEL + j * LANES);                   \
    }                                                                                                    \
    long k = 0;                                                                                          \
    for (; k + AT_ONCE <= depth; k += AT_ONCE) STEP(ROWS, VECTORS, ISA(factor)(f[r] + k))                \
    if (k < depth) STEP(ROWS, VECTORS, ISA(last_factor)(f[r] + k))                                       \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                              \
      UNROLL for (int j = 0; j < VECTORS; j++) ISA(store_float)(sums + r * PANEL + j * LANES, acc[r][j]); \
    }                                                                                                    \
  }

#define STEP(ROWS, VECTORS, FACTOR)                                                                       \
  {                                                                                                      \
    VF b[VECTORS];                                                                                       \
    UNROLL for (int j = 0; j < VECTORS; j++) b[j] = ISA(weights)(panel + k * width + j * LANES * AT_ONCE); \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                              \
      VF factor = FACTOR;                                                                                \
      UNROLL for (int j = 0; j < VECTORS; j++) acc[r][j] = ISA(add_product)(acc[r][j], factor, b[j]);    \
    }                                                                                                    \
  }

#ifdef STORES_BF16
// Vectors hold a pair of numbers in each lane: the even one in the lower half.
#define AT_ONCE 2
static inline VF ISA(weights)(const NUMBER *p) { return ISA(load_float)((const float *)p); }
static inline VF ISA(factor)(const NUMBER *p) {
  int pair;
  memcpy(&pair, p, sizeof pair);
  return (VF)((VI){0} + pair);
}
static inline VF ISA(last_factor)(const NUMBER *p) { return (VF)((VI){0} + (int)*p); }
static inline VF ISA(add_product)(VF sum, VF a, VF b) {
#ifdef HAS_DOT
  return (VF)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  const int upper = (int)0xffff0000;
  sum += (VF)((VI)a & upper) * (VF)((VI)b & upper);
  return sum + (VF)((VI)a << 16) * (VF)((VI)b << 16);
#endif
}
#else
#define AT_ONCE 1
static inline VF ISA(weights)(const NUMBER *p) { return ISA(load_float)(p); }
// Zero is taken off, not added to: that is no operation, as minus zero stays what it is.
static inline VF ISA(factor)(const NUMBER *p) { return *p - (VF){0}; }
static inline VF ISA(last_factor)(const NUMBER *p) { return ISA(factor)(p); }
static inline VF ISA(add_product)(VF sum, VF a, VF b) { return sum + a * b; }
#endif

#ifndef UNROLL
#define UNROLL _Pragma("clang loop unroll(full)")
#endif

#if LANES == 16
MULTIPLY(multiply1, 8, 1)
MULTIPLY(multiply2, 8, 2)
MULTIPLY(multiply3, 8, 3)
#else
MULTIPLY(multiply_part, 4, 2)
#endif
#undef MULTIPLY
#undef STEP

/// sums[TILE][PANEL] (+)= factors[TILE][start ..< start + depth] x panel[depth][width], for a width of
/// 16, 32 or 48. Every sum runs over the depth in order, whatever the tile, so a row's result does not
/// depend on its neighbours.
static inline void ISA(multiply)(const NUMBER *const *factors, long start, long depth, const NUMBER *panel,
                                 long width, float *sums, int fresh) {
#if LANES == 16
  if (width == 48)
    ISA(multiply3)(factors, start, depth, panel, width, sums, fresh);
  else if (width == 32)
    ISA(multiply2)(factors, start, depth, panel, width, sums, fresh);
  else
    ISA(multiply1)(factors, start, depth, panel, width, sums, fresh);
#else
  for (long r = 0; r < TILE; r += 4)
    for (long j = 0; j < width; j += 2 * LANES)
      ISA(multiply_part)(factors + r, start, depth, panel + j * AT_ONCE, width, sums + r * PANEL + j, fresh);
#endif
}
#undef AT_ONCE
