#version 450
// Lays out rows [rows, channels, taps] of a weight as columns first_row .. of [taps x channels, padded].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

layout(push_constant, scalar) uniform Push {
  Floats data;
  Floats result;
  uint rows;
  uint first_row;
  uint channels;
  uint taps;
  uint padded;
  uint half_result;
} p;

void main() {
  uint index = element();
  uint row = index % p.rows;
  uint k = index / p.rows;
  if (k >= p.channels * p.taps) return;
  uint tap = k / p.channels;
  uint channel = k % p.channels;
  store(p.result, k * p.padded + p.first_row + row, p.half_result != 0u,
        p.data.v[(row * p.channels + channel) * p.taps + tap]);
}
