// Activations and epilogues on vectors, for one pass of each_isa.h.
#include "matmul.h"
#include "vector.h"

#ifdef HAS_DOT
// As exact as bfloat16 needs.
static inline VF ISA(inverse)(VF x) { return (VF)_mm512_rcp14_ps((__m512)x); }

static inline VF ISA(sigmoid)(VF x) { return ISA(inverse)(1.0f + ISA(power_of_two)(x * -1.44269504088896341f)); }

/// The normal distribution's function: a sigmoid to the base of 2 whose odd polynomial was fitted to the least error of
/// x times the result, 3e-5. Beyond 6 it is that of 6, within 2e-9 of 0 or 1.
static inline VF ISA(normal)(VF x) {
  VF u = (VF)_mm512_min_ps(_mm512_max_ps((__m512)((VF){0} - 6.0f), (__m512)x), (__m512)((VF){0} + 6.0f)), s = u * u;
  VF odd = ((s * -1.01426313e-3f + 1.06775724e-1f) * s + 2.30112134f) * u;
  return ISA(inverse)(1.0f + ISA(power_of_two)(-odd));
}
#else
static inline VF ISA(sigmoid)(VF x) { return 1.0f / (1.0f + ISA(exp)(-x)); }

/// erf within 2e-7: x times a polynomial in x^2 below 1, beyond it 1 - exp(-x^2) times a polynomial in
/// 1/(1 + x/2). Both are least-squares fits at Chebyshev nodes.
static inline VF ISA(erf)(VF x) {
  VI sign = (VI)x & (int)0x80000000;
  VF u = (VF)((VI)x & 0x7fffffff), s = x * x, t = 1.0f / (1.0f + 0.5f * u);
  VF near = s * 7.882497122e-05f - 8.018854996e-04f;
  near = near * s + 5.189311943e-03f;
  near = near * s - 2.68543288e-02f;
  near = near * s + 1.128359746e-01f;
  near = near * s - 3.76126269e-01f;
  near = (near * s + 1.128379166f) * u;
  VF far = t * -1.113179982e-01f + 1.085977488e-01f;
  far = far * t + 2.081951523e-01f;
  far = far * t + 2.224288602e-01f;
  far = far * t + 2.892797574e-01f;
  far = far * t + 2.811063991e-01f;
  far = far * t + 5.246059379e-05f;
  far = 1.0f - ISA(exp)(-s) * far;
  return (VF)((VI)ISA(select)(u < 1.0f, near, far) | sign);
}

static inline VF ISA(normal)(VF x) { return 0.5f * (1.0f + ISA(erf)(x * 0.70710678118654752f)); }
#endif

static inline VF ISA(activate)(dk_activation f, VF x) {
  switch (f) {
    case dk_activation_none:
    case dk_activation_leaky_relu:
    case dk_activation_prelu:
    case dk_activation_scaled: return x;
    case dk_activation_silu: return x * ISA(sigmoid)(x);
    case dk_activation_gelu: return x * ISA(normal)(x);
    case dk_activation_quick_gelu: return x * ISA(sigmoid)(1.702f * x);
  }
}

/// The activations with numbers.
static inline VF ISA(rectify)(const dk_epilogue *e, VF x, long column, long count) {
  VF slope = (VF){0} + e->slope;
  if (e->activation == dk_activation_scaled) return x * slope;
  if (e->slopes) slope = ISA(load_float_some)(e->slopes + column, count);
  return ISA(select)(x > 0.0f, x, x * slope);
}

static inline VF ISA(finish)(const dk_epilogue *e, VF x, long picture, long row, long column, long count) {
  const NUMBER *vector = e->vector, *gate = e->gate;
  if (e->bias) x += ISA(load_float_some)(e->bias + column, count);
  if (vector) x += ISA(load_some)(vector + picture * e->vector_stride + column, count);
  if (e->activation >= dk_activation_leaky_relu)
    x = ISA(rectify)(e, x, column, count);
  else if (e->activation)
    x = ISA(activate)(e->activation, x);
  if (gate) x *= ISA(load_some)(gate + row * e->gate_stride + column, count);
  for (int i = 0; i < 2; i++) {
    const NUMBER *residual = e->residual[i];
    if (residual) x += ISA(load_some)(residual + row * e->residual_stride[i] + column, count);
  }
  return x;
}

/// Applies `e` to `count` values of row `row` that belong to columns `column` on, and stores them at `to`.
static inline void ISA(finish_row)(const dk_epilogue *e, const float *from, NUMBER *to, long picture, long row,
                                   long column, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES)
    ISA(store)(to + i, ISA(finish)(e, ISA(load_float)(from + i), picture, row, column + i, LANES));
  if (i == count) return;
  VF x = ISA(load_float_some)(from + i, count - i);
  ISA(store_some)(to + i, ISA(finish)(e, x, picture, row, column + i, count - i), count - i);
}

/// Has the processor fetch lines that an epilogue will read or write: rows are too far apart for it to see them coming.
static inline void ISA(fetch_rows)(const void *numbers, long stride, long row, long rows, long column,
                                   long count) {
  if (!numbers) return;
  for (long r = row; r < row + rows; r++) {
    const char *at = (const char *)((const NUMBER *)numbers + r * stride + column);
    const char *end = at + count * (long)sizeof(NUMBER);
    for (at -= (size_t)at % 64; at < end; at += 64) __builtin_prefetch(at);
  }
}
