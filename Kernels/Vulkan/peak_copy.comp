#version 450
// Copies numbers, four a thread, to measure how fast memory is.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

layout(push_constant, scalar) uniform Push {
  Quads data;
  Quads result;
  uint count;
} p;

void main() {
  uint index = element();
  if (index < p.count) p.result.v[index] = p.data.v[index];
}
