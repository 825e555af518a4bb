// Activations and epilogues on vectors, for one pass of each_isa.h.
#include "matmul.h"
#include "vector.h"

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

static inline VF ISA(activate)(dk_activation f, VF x) {
  switch (f) {
    case dk_activation_none: return x;
    case dk_activation_silu: return x * ISA(sigmoid)(x);
    case dk_activation_gelu: return 0.5f * x * (1.0f + ISA(erf)(x * 0.70710678118654752f));
    case dk_activation_quick_gelu: return x * ISA(sigmoid)(1.702f * x);
  }
}

static inline VF ISA(finish)(const dk_epilogue *e, VF x, long picture, long row, long column, long count) {
  const NUMBER *vector = e->vector, *gate = e->gate;
#define AT(pointer, offset) \
  (count == LANES ? ISA(load)((pointer) + (offset)) : ISA(load_some)((pointer) + (offset), count))
  if (e->bias)
    x += count == LANES ? ISA(load_float)(e->bias + column) : ISA(load_float_some)(e->bias + column, count);
  if (vector) x += AT(vector, picture * e->vector_stride + column);
  if (e->activation) x = ISA(activate)(e->activation, x);
  if (gate) x *= AT(gate, row * e->gate_stride + column);
  for (int i = 0; i < 2; i++) {
    const NUMBER *residual = e->residual[i];
    if (residual) x += AT(residual, row * e->residual_stride[i] + column);
  }
  return x;
#undef AT
}

/// Applies `e` to `count` values of row `row` that belong to columns `column` on, and stores them at `to`.
static inline void ISA(finish_row)(const dk_epilogue *e, const float *from, NUMBER *to, long picture, long row,
                                   long column, long count) {
  long i = 0;
  for (; i + LANES <= count; i += LANES)
    ISA(store)(to + i, ISA(finish)(e, ISA(load_float)(from + i), picture, row, column + i, LANES));
  if (i < count) {
    VF x = ISA(finish)(e, ISA(load_float_some)(from + i, count - i), picture, row, column + i, count - i);
    ISA(store_some)(to + i, x, count - i);
  }
}
