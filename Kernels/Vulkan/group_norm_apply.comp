#version 450
// Third pass of group normalisation: normalises, scales, shifts and activates.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "group_norm.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

// Whether channels, strides and addresses allow reading four numbers at once; then each thread makes four.
layout(constant_id = 0) const bool QUADS = false;

float normalised(float x, uint picture, uint channel) {
  uint at = picture * p.groups + channel / (p.channels / p.groups);
  x = (x - p.whole.v[2u * at]) * p.whole.v[2u * at + 1u];
  return activated(fma(x, p.weight.v[channel], p.bias.v[channel]), p.flags & ACTIVATION);
}

void main() {
  uint index = QUADS ? element() * 4u : element();
  uint pixel = index / p.channels;
  if (pixel >= p.pictures * p.pixels) return;
  uint channel = index % p.channels;
  uint picture = pixel / p.pixels;
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  bool half_result = (p.flags & HALF_OUTPUT) != 0u;
  uint from = pixel * p.data_stride + channel;
  if (QUADS) {
    vec4 quad = fetch_quad(p.data, from / 4u, half_data);
    for (uint i = 0u; i < 4u; i++) quad[i] = normalised(quad[i], picture, channel + i);
    store_quad(p.result, index / 4u, half_result, quad);
  } else {
    store(p.result, index, half_result, normalised(fetch(p.data, from, half_data), picture, channel));
  }
}
