#version 450
// Normalises each row over its channels, scales, shifts and activates it. One work group a row.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "layer_norm.glsl"

const uint THREADS = 64u;
layout(local_size_x = 64) in;

shared float parts[THREADS];

float total(float part) {
  barrier();
  parts[gl_LocalInvocationIndex] = part;
  for (uint width = THREADS / 2u; width > 0u; width /= 2u) {
    barrier();
    if (gl_LocalInvocationIndex < width) parts[gl_LocalInvocationIndex] += parts[gl_LocalInvocationIndex + width];
  }
  barrier();
  return parts[0];
}

void main() {
  uint row = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
  if (row >= p.rows) return;
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  float sum = 0.0;
  for (uint c = gl_LocalInvocationIndex; c < p.channels; c += THREADS)
    sum += fetch(p.data, row * p.data_stride + c, half_data);
  float mean = total(sum) / float(p.channels);
  float squares = 0.0;
  for (uint c = gl_LocalInvocationIndex; c < p.channels; c += THREADS) {
    float difference = fetch(p.data, row * p.data_stride + c, half_data) - mean;
    squares = fma(difference, difference, squares);
  }
  float scale = 1.0 / sqrt(total(squares) / float(p.channels) + p.epsilon);
  for (uint c = gl_LocalInvocationIndex; c < p.channels; c += THREADS) {
    float x = (fetch(p.data, row * p.data_stride + c, half_data) - mean) * scale;
    store(p.result, row * p.channels + c, (p.flags & HALF_OUTPUT) != 0u,
          activated(fma(x, p.weight.v[c], p.bias.v[c]), p.flags & ACTIVATION));
  }
}
