#version 450
// The statistics of group normalisation as group_norm_measure.comp and group_norm_merge.comp make them, one group
// a thread: what takes their place where they compute wrongly.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "group_norm.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

void main() {
  uint index = element();
  uint picture = index / p.groups;
  if (picture >= p.pictures) return;
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  uint width = p.channels / p.groups;
  uint first = index % p.groups * width;
  Moments whole = Moments(0.0, 0.0, 0.0);
  for (uint pixel = 0u; pixel < p.pixels; pixel++)
    for (uint channel = first; channel < first + width; channel++) {
      float x = fetch(p.data, (picture * p.pixels + pixel) * p.data_stride + channel, half_data);
      whole = merged(whole, Moments(1.0, x, 0.0));
    }
  store_whole(index, whole);
}
