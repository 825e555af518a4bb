// The register tile of all matrix products: TILE rows by up to PANEL columns. Included after vector.h.

/// sums[ROWS][PANEL] (+)= factors[ROWS][start ..< start + depth] x panel[depth][width], VECTORS wide.
/// `fresh` starts from zero. Each row has its own pointer, so rows may lie anywhere.
#define MULTIPLY(NAME, ROWS, VECTORS)                                                                     \
  static inline void ISA(NAME)(const float *const *factors, long start, long depth, const float *panel,  \
                               long width, float *sums, int fresh) {                                     \
    VF acc[ROWS][VECTORS];                                                                               \
    const float *f[ROWS];                                                                                \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                              \
      f[r] = factors[r] + start;                                                                         \
      UNROLL for (int j = 0; j < VECTORS; j++)                                                           \
          acc[r][j] = fresh ? (VF){0} : ISA(load)(sums + r * PANEL + j * LANES);                         \
    }                                                                                                    \
    for (long k = 0; k < depth; k++) {                                                                   \
      VF b[VECTORS];                                                                                     \
      UNROLL for (int j = 0; j < VECTORS; j++) b[j] = ISA(load)(panel + k * width + j * LANES);          \
      UNROLL for (int r = 0; r < ROWS; r++) {                                                            \
        UNROLL for (int j = 0; j < VECTORS; j++) acc[r][j] += f[r][k] * b[j];                            \
      }                                                                                                  \
    }                                                                                                    \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                              \
      UNROLL for (int j = 0; j < VECTORS; j++) ISA(store)(sums + r * PANEL + j * LANES, acc[r][j]);      \
    }                                                                                                    \
  }
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

/// sums[TILE][PANEL] (+)= factors[TILE][start ..< start + depth] x panel[depth][width], for a width of
/// 16, 32 or 48. Every sum runs over the depth in order, whatever the tile, so a row's result does not
/// depend on its neighbours.
static inline void ISA(multiply)(const float *const *factors, long start, long depth, const float *panel,
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
      ISA(multiply_part)(factors + r, start, depth, panel + j, width, sums + r * PANEL + j, fresh);
#endif
}
