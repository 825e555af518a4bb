// Elementwise work on a result before it is stored, in this order: bias, per-channel vector, activation, gate,
// residuals (Epilogue.swift). The including kernel's push constants `p` hold what it reads.

#include "activation.glsl"

float finished(float x, uint row, uint picture, uint column) {
  if ((p.flags & HAS_BIAS) != 0u) x += p.bias.v[column];
  if ((p.flags & HAS_VECTOR) != 0u)
    x += fetch(p.vector, picture * p.vector_stride + column, (p.flags & HALF_VECTOR) != 0u);
  x = activated(x, p.flags & ACTIVATION);
  if ((p.flags & HAS_GATE) != 0u)
    x *= fetch(p.gate, row * p.gate_stride + column, (p.flags & HALF_GATE) != 0u);
  if ((p.flags & HAS_RESIDUAL_0) != 0u)
    x += fetch(p.residual_0, row * p.residual_0_stride + column, (p.flags & HALF_RESIDUAL_0) != 0u);
  if ((p.flags & HAS_RESIDUAL_1) != 0u)
    x += fetch(p.residual_1, row * p.residual_1_stride + column, (p.flags & HALF_RESIDUAL_1) != 0u);
  return x;
}
