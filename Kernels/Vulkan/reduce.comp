#version 450
// Adds the slices of a product that was cut along its depth, always in the same order, and finishes the sums.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "product.glsl"
#include "epilogue.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

// `data` holds the sums [slices, rows, outputs], `depth` the number of slices.
void main() {
  uint pixels = p.out_height * p.out_width;
  uint count = p.pictures * pixels * p.outputs;
  uint index = element();
  if (index >= count) return;
  float sum = 0.0;
  for (uint slice = 0u; slice < p.depth; slice++) sum += p.data.v[slice * count + index];
  uint row = index / p.outputs;
  store(p.result, index, (p.flags & HALF_OUTPUT) != 0u,
        finished(sum, row, row / pixels, index % p.outputs));
}
