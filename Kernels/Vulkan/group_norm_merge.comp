#version 450
// Second pass of group normalisation: mean and 1 / deviation of each group from those of its chunks, always in the same
// order. One work group a group.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "group_norm.glsl"

const uint THREADS = 128u;
layout(local_size_x = 128) in;

shared float counts[THREADS];
shared float means[THREADS];
shared float squares[THREADS];

void main() {
  uint index = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
  uint picture = index / p.groups;
  uint group = index % p.groups;
  if (picture >= p.pictures) return;
  uint lane = gl_LocalInvocationIndex;
  float width = float(p.channels / p.groups);
  Moments whole = Moments(0.0, 0.0, 0.0);
  for (uint chunk = lane; chunk < p.chunks; chunk += THREADS) {
    uint at = (picture * p.chunks + chunk) * p.groups + group;
    float count = float(min(p.chunk_pixels, p.pixels - chunk * p.chunk_pixels)) * width;
    whole = merged(whole, Moments(count, p.statistics.v[2u * at], p.statistics.v[2u * at + 1u]));
  }
  for (uint step = THREADS / 2u; step > 0u; step /= 2u) {
    counts[lane] = whole.count;
    means[lane] = whole.mean;
    squares[lane] = whole.squares;
    barrier();
    if (lane < step)
      whole = merged(whole, Moments(counts[lane + step], means[lane + step], squares[lane + step]));
    barrier();
  }
  if (lane == 0u) store_whole(index, whole);
}
