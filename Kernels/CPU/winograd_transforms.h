// Winograd's transforms of one line of vectors, for one pass of each_isa.h. Included after vector.h.
//
// They follow from interpolation: outputs are coefficients of a product of polynomials, given by its values at the
// points 0, 1, -1, infinity (edge 4) or 0, a, -a, b, -b, infinity (edge 6). Points 5/8 and 3/2 round the least of
// those tried.
#define POINT_A 0.625f
#define POINT_B 1.5f
#define INLINE static inline __attribute__((always_inline))

/// to[edge] = a window's line at the points.
INLINE void ISA(to_points)(const VF *d, long step, VF *to, long to_step, const int edge) {
  if (edge == 4) {
    to[0] = d[2 * step] - d[0];
    to[to_step] = d[step] + d[2 * step];
    to[2 * to_step] = d[2 * step] - d[step];
    to[3 * to_step] = d[3 * step] - d[step];
    return;
  }
  const float a = POINT_A, b = POINT_B, aa = a * a, bb = b * b;
  VF even_a = d[4 * step] - bb * d[2 * step], odd_a = d[3 * step] - bb * d[step];
  VF even_b = d[4 * step] - aa * d[2 * step], odd_b = d[3 * step] - aa * d[step];
  to[0] = (d[4 * step] - (aa + bb) * d[2 * step]) + aa * bb * d[0];
  to[to_step] = even_a + a * odd_a;
  to[2 * to_step] = even_a - a * odd_a;
  to[3 * to_step] = even_b + b * odd_b;
  to[4 * to_step] = even_b - b * odd_b;
  to[5 * to_step] = (d[5 * step] - (aa + bb) * d[3 * step]) + aa * bb * d[step];
}

/// to[edge] = a kernel's line of three at the points.
INLINE void ISA(kernel_to_points)(const VF *g, long step, VF *to, long to_step, const int edge) {
  const float a = edge == 4 ? 1 : POINT_A, b = POINT_B, aa = a * a, bb = b * b;
  // The values, over the products of the points' differences.
  const float at_zero = edge == 4 ? -1 : 1 / (aa * bb), at_a = edge == 4 ? 0.5f : 1 / (2 * aa * (aa - bb));
  const float at_b = 1 / (2 * bb * (bb - aa));
  VF even_a = at_a * g[0] + at_a * aa * g[2 * step], odd_a = at_a * a * g[step];
  to[0] = at_zero * g[0];
  to[to_step] = even_a + odd_a;
  to[2 * to_step] = even_a - odd_a;
  to[(edge - 1) * to_step] = g[2 * step];
  if (edge == 4) return;
  VF even_b = at_b * g[0] + at_b * bb * g[2 * step], odd_b = at_b * b * g[step];
  to[3 * to_step] = even_b + odd_b;
  to[4 * to_step] = even_b - odd_b;
}

/// to[edge - 2] = outputs of a line of products at the points.
INLINE void ISA(from_points)(const VF *m, long step, VF *to, long to_step, const int edge) {
  VF even_a = m[step] + m[2 * step], odd_a = m[step] - m[2 * step];
  if (edge == 4) {
    to[0] = m[0] + even_a;
    to[to_step] = odd_a + m[3 * step];
    return;
  }
  const float a = POINT_A, b = POINT_B, aa = a * a, bb = b * b;
  VF even_b = m[3 * step] + m[4 * step], odd_b = m[3 * step] - m[4 * step];
  to[0] = m[0] + even_a + even_b;
  to[to_step] = a * odd_a + b * odd_b;
  to[2 * to_step] = aa * even_a + bb * even_b;
  to[3 * to_step] = aa * a * odd_a + (bb * b * odd_b + m[5 * step]);
}

/// Lines first, then columns.
#define BOTH_WAYS(NAME, TRANSFORM, FROM, TO)                                                            \
  INLINE void ISA(NAME)(const VF *from, VF *to, const int edge) {                                       \
    VF half[6 * 6];                                                                                     \
    UNROLL for (int i = 0; i < (FROM); i++) ISA(TRANSFORM)(from + i, FROM, half + i, FROM, edge);       \
    UNROLL for (int i = 0; i < (TO); i++) ISA(TRANSFORM)(half + i * (FROM), 1, to + i * (TO), 1, edge); \
  }
BOTH_WAYS(kernels_to_points, kernel_to_points, 3, edge)
BOTH_WAYS(outputs_from_points, from_points, edge, edge - 2)
#undef BOTH_WAYS
