// Elementwise work on a result before it is stored, in this order: bias, per-channel vector, activation, gate,
// residuals (Epilogue.swift). The including kernel's push constants `p` hold what it reads; slopes of channels lie where
// a vector would.

#include "activation.glsl"

float finished(float x, uint row, uint picture, uint column) {
  if ((p.flags & HAS_BIAS) != 0u) x += p.bias.v[column];
  if ((p.flags & HAS_VECTOR) != 0u)
    x += fetch(p.vector, picture * p.vector_stride + column, (p.flags & HALF_VECTOR) != 0u);
  uint function = p.flags & ACTIVATION;
  if (function < LEAKY_RELU)
    x = activated(x, function);
  else if (function == SCALED)
    x *= p.slope;
  else if (!(x > 0.0))
    x *= function == PRELU ? p.vector.v[column] : p.slope;
  if ((p.flags & HAS_GATE) != 0u)
    x *= fetch(p.gate, row * p.gate_stride + column, (p.flags & HALF_GATE) != 0u);
  if ((p.flags & HAS_RESIDUAL_0) != 0u)
    x += fetch(p.residual_0, row * p.residual_0_stride + column, (p.flags & HALF_RESIDUAL_0) != 0u);
  if ((p.flags & HAS_RESIDUAL_1) != 0u)
    x += fetch(p.residual_1, row * p.residual_1_stride + column, (p.flags & HALF_RESIDUAL_1) != 0u);
  return x;
}

// Four columns at once, where all rows begin at a multiple of four numbers.
vec4 finished_quad(vec4 x, uint row, uint picture_rows, uint column) {
  if ((p.flags & HAS_BIAS) != 0u) x += Quads(p.bias).v[column / 4u];
  if ((p.flags & HAS_VECTOR) != 0u)
    x += fetch_quad(p.vector, (row / picture_rows * p.vector_stride + column) / 4u, (p.flags & HALF_VECTOR) != 0u);
  uint function = p.flags & ACTIVATION;
  if (function == SCALED) {
    x *= p.slope;
  } else if (function >= LEAKY_RELU) {
    vec4 slopes = function == PRELU ? Quads(p.vector).v[column / 4u] : vec4(p.slope);
    x = mix(x * slopes, x, greaterThan(x, vec4(0.0)));
  } else if (function != 0u) {
    x = vec4(activated(x.x, function), activated(x.y, function), activated(x.z, function), activated(x.w, function));
  }
  if ((p.flags & HAS_GATE) != 0u)
    x *= fetch_quad(p.gate, (row * p.gate_stride + column) / 4u, (p.flags & HALF_GATE) != 0u);
  if ((p.flags & HAS_RESIDUAL_0) != 0u)
    x += fetch_quad(p.residual_0, (row * p.residual_0_stride + column) / 4u, (p.flags & HALF_RESIDUAL_0) != 0u);
  if ((p.flags & HAS_RESIDUAL_1) != 0u)
    x += fetch_quad(p.residual_1, (row * p.residual_1_stride + column) / 4u, (p.flags & HALF_RESIDUAL_1) != 0u);
  return x;
}
