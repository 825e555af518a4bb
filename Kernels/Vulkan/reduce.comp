#version 450
// Adds the slices of a product that was cut along its depth, always in the same order, and finishes the sums.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "product.glsl"
#include "epilogue.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

// Whether all rows begin at a multiple of four numbers; then each thread makes four.
layout(constant_id = 0) const bool QUADS = false;

// `data` holds the sums [slices, rows, outputs], `depth` the number of slices.
void main() {
  uint pixels = p.out_height * p.out_width;
  uint count = p.pictures * pixels * p.outputs;
  uint index = QUADS ? element() * 4u : element();
  if (index >= count) return;
  uint row = index / p.outputs;
  uint column = index - row * p.outputs;
  bool half_result = (p.flags & HALF_OUTPUT) != 0u;
  if (QUADS) {
    vec4 sums = vec4(0.0);
    for (uint slice = 0u; slice < p.depth; slice++) sums += Quads(p.data).v[(slice * count + index) / 4u];
    store_quad(p.result, index / 4u, half_result, finished_quad(sums, row, pixels, column));
  } else {
    float sum = 0.0;
    for (uint slice = 0u; slice < p.depth; slice++) sum += p.data.v[slice * count + index];
    store(p.result, index, half_result, finished(sum, row, row / pixels, column));
  }
}
