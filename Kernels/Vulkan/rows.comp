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
  float slope;  // or factor, of an activation
  uint rows;
  uint columns;
  uint picture_rows;
  uint flags;
} p;

#include "epilogue.glsl"

// Whether columns, strides and addresses allow reading four numbers at once; then each thread copies four. Other
// operands are read one by one.
layout(constant_id = 0) const bool QUADS = false;

void main() {
  uint index = QUADS ? element() * 4u : element();
  uint row = index / p.columns;
  if (row >= p.rows) return;
  uint column = index % p.columns;
  uint picture = row / p.picture_rows;
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  bool half_result = (p.flags & HALF_OUTPUT) != 0u;
  uint from = row * p.data_stride + column;
  uint to = row * p.result_stride + column;
  if (QUADS) {
    vec4 quad = fetch_quad(p.data, from / 4u, half_data);
    for (uint i = 0u; i < 4u; i++) quad[i] = finished(quad[i], row, picture, column + i);
    store_quad(p.result, to / 4u, half_result, quad);
  } else {
    store(p.result, to, half_result, finished(fetch(p.data, from, half_data), row, picture, column));
  }
}
