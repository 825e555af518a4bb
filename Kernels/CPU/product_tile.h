// The register tile of convolutions and linear layers. Included after vector.h, once per pass.

/// A tile has tile_rows rows and up to tile_columns columns, of which a multiple of GRAIN is used: as many sums as the
/// registers hold beside a row of weights and a factor.
#if LANES == 16
enum { ISA(tile_rows) = 8, ISA(tile_columns) = PANEL };
#else
enum { ISA(tile_rows) = 6, ISA(tile_columns) = 2 * LANES };
#endif

/// Factors and weights are multiplied as pairs of bfloat16 where the processor can, as float32 elsewhere.
#define FACTOR ISA(multiplied)
#ifdef HAS_DOT
#define AT_ONCE 2
typedef NUMBER FACTOR;
static inline VF ISA(spread)(const FACTOR *p) {
  int pair;
  memcpy(&pair, p, sizeof pair);
  return (VF)((VI){0} + pair);
}
static inline VF ISA(weights_row)(const FACTOR *p) { return ISA(load_float)((const float *)p); }
static inline VF ISA(with_product)(VF sum, VF a, VF b) {
  return (VF)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
#else
#define AT_ONCE 1
typedef float FACTOR;
// Zero is taken off, not added to: that is no operation, as minus zero stays what it is.
static inline VF ISA(spread)(const FACTOR *p) { return *p - (VF){0}; }
static inline VF ISA(weights_row)(const FACTOR *p) { return ISA(load_float)(p); }
static inline VF ISA(with_product)(VF sum, VF a, VF b) { return sum + a * b; }
#endif

#define EACH(I, COUNT) _Pragma("clang loop unroll(full)") for (int I = 0; I < COUNT; I++)
#define STEP(VECTORS, SPREAD)                                                                       \
  {                                                                                                 \
    VF b[VECTORS];                                                                                  \
    EACH(j, VECTORS) b[j] = ISA(weights_row)(weights + k * stride + j * LANES * AT_ONCE);           \
    EACH(r, ISA(tile_rows)) {                                                                       \
      VF a = SPREAD;                                                                                \
      EACH(j, VECTORS) acc[r][j] = ISA(with_product)(acc[r][j], a, b[j]);                           \
    }                                                                                               \
  }
#define MULTIPLY(NAME, VECTORS)                                                                     \
  static inline void ISA(NAME)(const FACTOR *const *rows, long depth, const FACTOR *weights,        \
                               long stride, float *sums, int fresh) {                               \
    VF acc[ISA(tile_rows)][VECTORS];                                                                \
    const FACTOR *f[ISA(tile_rows)];                                                                \
    EACH(r, ISA(tile_rows)) {                                                                       \
      f[r] = rows[r];                                                                               \
      EACH(j, VECTORS)                                                                              \
      acc[r][j] = fresh ? (VF){0} : ISA(load_float)(sums + r * ISA(tile_columns) + j * LANES);      \
    }                                                                                               \
    long k = 0;                                                                                     \
    for (; k + AT_ONCE <= depth; k += AT_ONCE) STEP(VECTORS, ISA(spread)(f[r] + k))                 \
    if (k < depth) STEP(VECTORS, (VF)((VI){0} + (int)*(f[r] + k)))                                  \
    EACH(r, ISA(tile_rows)) {                                                                       \
      EACH(j, VECTORS) ISA(store_float)(sums + r * ISA(tile_columns) + j * LANES, acc[r][j]);       \
    }                                                                                               \
  }

#if LANES == 16
MULTIPLY(multiply_third, 1)
MULTIPLY(multiply_two_thirds, 2)
MULTIPLY(multiply_whole, 3)
#else
MULTIPLY(multiply_whole, 2)
#endif
#undef MULTIPLY
#undef STEP
#undef EACH

/// sums[tile_rows][tile_columns] (+)= rows[tile_rows][depth] x weights[depth][width]; `fresh` starts from zero. Rows of
/// weights are `stride` numbers from each other (rows of pairs, where pairs are multiplied: 2 `stride`). Every sum runs
/// over the depth in order, so that a row's result does not depend on its neighbours.
static inline void ISA(multiply_tile)(const FACTOR *const *rows, long depth, const FACTOR *weights, long stride,
                                      long width, float *sums, int fresh) {
#if LANES == 16
  if (width == LANES) {
    ISA(multiply_third)(rows, depth, weights, stride, sums, fresh);
    return;
  }
  if (width == 2 * LANES) {
    ISA(multiply_two_thirds)(rows, depth, weights, stride, sums, fresh);
    return;
  }
#endif
  (void)width;
  ISA(multiply_whole)(rows, depth, weights, stride, sums, fresh);
}
