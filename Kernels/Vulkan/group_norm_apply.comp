#version 450
// Third pass of group normalisation: normalises, scales, shifts and activates.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common.glsl"
#include "group_norm.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

// Whether channels, strides and addresses allow reading four numbers at once; then each thread makes four of a pixel.
layout(constant_id = 0) const bool QUADS = false;
const uint STEP = QUADS ? 4 : 1;
const uint PIXELS = 4;  // of a thread, in the same channels

float activated_sum(float x, float weight, float bias) {
  return activated(fma(x, weight, bias), p.flags & ACTIVATION);
}

void main() {
  uint columns = p.channels / STEP;
  uint blocks = (p.pixels + PIXELS - 1u) / PIXELS;
  uint index = element();
  uint block = index / columns;
  uint channel = (index - block * columns) * STEP;
  uint picture = block / blocks;
  if (picture >= p.pictures) return;
  uint pixel = (block - picture * blocks) * PIXELS;
  uint count = min(PIXELS, p.pixels - pixel);
  uint first = picture * p.pixels + pixel;
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  bool half_result = (p.flags & HALF_OUTPUT) != 0u;

  vec4 means, scales, weights, biases;
  uint width = p.channels / p.groups;
  [[unroll]] for (uint i = 0u; i < STEP; i++) {
    uint at = picture * p.groups + (channel + i) / width;
    means[i] = p.whole.v[2u * at];
    scales[i] = p.whole.v[2u * at + 1u];
    weights[i] = p.weight.v[channel + i];
    biases[i] = p.bias.v[channel + i];
  }
  vec4 x[PIXELS];
  [[unroll]] for (uint n = 0u; n < PIXELS; n++) {
    uint from = (first + min(n, count - 1u)) * p.data_stride + channel;
    x[n] = QUADS ? fetch_quad(p.data, from / 4u, half_data) : vec4(fetch(p.data, from, half_data));
  }
  [[unroll]] for (uint n = 0u; n < PIXELS; n++) {
    [[unroll]] for (uint i = 0u; i < STEP; i++)
      x[n][i] = activated_sum((x[n][i] - means[i]) * scales[i], weights[i], biases[i]);
    uint to = (first + n) * p.channels + channel;
    if (n >= count) continue;
    if (QUADS)
      store_quad(p.result, to / 4u, half_result, x[n]);
    else
      store(p.result, to, half_result, x[n].x);
  }
}
