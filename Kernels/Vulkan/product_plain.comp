#version 450
// The matrix product of product.comp, one result a thread: what takes its place where it computes wrongly.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "product.glsl"
#include "epilogue.glsl"

layout(local_size_x = ELEMENT_THREADS) in;
#ifdef HALF
layout(constant_id = 0) const bool HALF_WEIGHTS = false;
#else
const bool HALF_WEIGHTS = false;
#endif

void main() {
  uint pixels = p.out_height * p.out_width;
  uint index = element();
  uint row = index / p.outputs;
  uint column = index % p.outputs;
  if (row >= p.pictures * pixels) return;
  uint padded = (p.outputs + 7u) & ~7u;
  float sum = 0.0;
  for (uint tap = 0u; tap < kernel_side() * kernel_side(); tap++) {
    uint pixel = read_pixel(row, tap);
    if (pixel == NOWHERE) continue;
    for (uint channel = 0u; channel < p.channels; channel++)
      sum = fma(fetch(p.data, pixel * p.data_stride + channel, (p.flags & HALF_INPUT) != 0u),
                fetch(p.weights, (tap * p.channels + channel) * padded + column, HALF_WEIGHTS), sum);
  }
  store(p.result, index, (p.flags & HALF_OUTPUT) != 0u, finished(sum, row, row / pixels, column));
}
