#version 450
// Copies rows of numbers, with an epilogue: elementwise ops, and the parts of a concatenation.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

layout(push_constant, scalar) uniform Push {
  Floats data;
  Floats result;
  Floats bias;
  Floats vector;
  Floats gate;
  Floats residual_0;
  Floats residual_1;
  uint data_stride;  // numbers from one row to the next
  uint result_stride;
  uint vector_stride;
  uint gate_stride;
  uint residual_0_stride;
  uint residual_1_stride;
  uint rows;
  uint columns;
  uint picture_rows;
  uint flags;
} p;

#include "epilogue.glsl"

void main() {
  uint index = element();
  uint row = index / p.columns;
  if (row >= p.rows) return;
  uint column = index % p.columns;
  float x = fetch(p.data, row * p.data_stride + column, (p.flags & HALF_INPUT) != 0u);
  store(p.result, row * p.result_stride + column, (p.flags & HALF_OUTPUT) != 0u,
        finished(x, row, row / p.picture_rows, column));
}
