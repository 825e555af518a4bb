#version 450
// First pass of group normalisation: mean and squared differences of each group in a chunk of the pixels.
// One work group a chunk and picture; its threads walk down the pixels, so that reads lie side by side.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "group_norm.glsl"

const uint THREADS = 256u;
layout(local_size_x = 256) in;

shared float counts[THREADS];
shared float means[THREADS];
shared float squares[THREADS];

// The moments of one channel in every `step`-th pixel, taken from the first so that no digits are lost.
Moments measured(uint picture, uint channel, uint first, uint last, uint step) {
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  if (first >= last) return Moments(0.0, 0.0, 0.0);
  uint base = picture * p.pixels;
  float shift = fetch(p.data, (base + first) * p.data_stride + channel, half_data);
  float sum = 0.0, square_sum = 0.0;
  for (uint pixel = first; pixel < last; pixel += step) {
    float x = fetch(p.data, (base + pixel) * p.data_stride + channel, half_data) - shift;
    sum += x;
    square_sum = fma(x, x, square_sum);
  }
  float count = float((last - first + step - 1u) / step);
  return Moments(count, shift + sum / count, max(0.0, square_sum - sum * sum / count));
}

// A block of whole groups at a time, as many as threads allow; a wider group in several blocks of its channels.
void main() {
  uint picture = gl_WorkGroupID.y;
  uint first = gl_WorkGroupID.x * p.chunk_pixels;
  uint last = min(first + p.chunk_pixels, p.pixels);
  uint width = p.channels / p.groups;
  uint block_groups = max(1u, min(THREADS / width, p.groups));
  uint block_width = min(width, THREADS) * block_groups;
  uint lanes = THREADS / block_width;
  uint lane = gl_LocalInvocationIndex / block_width;
  uint column = gl_LocalInvocationIndex % block_width;
  for (uint group = 0u; group < p.groups; group += block_groups) {
    Moments whole = Moments(0.0, 0.0, 0.0);
    for (uint part = 0u; part < width; part += THREADS) {
      uint channel = group * width + part + column;
      uint end = min((group + block_groups) * width, p.channels);
      Moments mine = lane < lanes && channel < end ? measured(picture, channel, first + lane, last, lanes)
                                                   : Moments(0.0, 0.0, 0.0);
      barrier();
      counts[gl_LocalInvocationIndex] = mine.count;
      means[gl_LocalInvocationIndex] = mine.mean;
      squares[gl_LocalInvocationIndex] = mine.squares;
      barrier();
      if (gl_LocalInvocationIndex < block_groups) {
        uint columns = min(width, THREADS);
        for (uint l = 0u; l < lanes; l++)
          for (uint c = 0u; c < columns; c++) {
            uint i = l * block_width + gl_LocalInvocationIndex * columns + c;
            whole = merged(whole, Moments(counts[i], means[i], squares[i]));
          }
      }
    }
    if (gl_LocalInvocationIndex < block_groups && group + gl_LocalInvocationIndex < p.groups) {
      uint at = (picture * p.chunks + gl_WorkGroupID.x) * p.groups + group + gl_LocalInvocationIndex;
      p.statistics.v[2u * at] = whole.mean;
      p.statistics.v[2u * at + 1u] = whole.squares;
    }
  }
}
