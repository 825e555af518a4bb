#version 450
// Second pass of group normalisation: mean and 1 / deviation of each group from those of its chunks, in order.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "group_norm.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

void main() {
  uint index = element();
  uint picture = index / p.groups;
  uint group = index % p.groups;
  if (picture >= p.pictures) return;
  float width = float(p.channels / p.groups);
  Moments whole = Moments(0.0, 0.0, 0.0);
  for (uint chunk = 0u; chunk < p.chunks; chunk++) {
    uint at = (picture * p.chunks + chunk) * p.groups + group;
    float count = float(min(p.chunk_pixels, p.pixels - chunk * p.chunk_pixels)) * width;
    whole = merged(whole, Moments(count, p.statistics.v[2u * at], p.statistics.v[2u * at + 1u]));
  }
  store_whole(index, whole);
}
