#version 450
// Third pass of group normalisation: normalises, scales, shifts and activates.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "group_norm.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

void main() {
  uint index = element();
  uint pixel = index / p.channels;
  if (pixel >= p.pictures * p.pixels) return;
  uint channel = index % p.channels;
  uint group = channel / (p.channels / p.groups);
  uint at = p.pictures * p.chunks * p.groups + pixel / p.pixels * p.groups + group;
  float x = fetch(p.data, pixel * p.data_stride + channel, (p.flags & HALF_INPUT) != 0u);
  x = (x - p.statistics.v[2u * at]) * p.statistics.v[2u * at + 1u];
  store(p.result, index, (p.flags & HALF_OUTPUT) != 0u,
        activated(fma(x, p.weight.v[channel], p.bias.v[channel]), p.flags & ACTIVATION));
}
