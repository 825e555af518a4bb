#version 450
// Between the caller's float32 numbers and a value of the arena, transposing pictures whose channels come first.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

layout(push_constant, scalar) uniform Push {
  Floats data;
  Floats result;
  uint pictures;
  uint channels;
  uint pixels;
  uint half_data;
  uint half_result;
  uint channels_first;  // 0: keep the order, 1: the data's channels come first, 2: the result's
} p;

void main() {
  uint index = element();
  uint channel = index % p.channels;
  uint pixel = index / p.channels;
  uint picture = pixel / p.pixels;
  if (picture >= p.pictures) return;
  uint first = (picture * p.channels + channel) * p.pixels + pixel % p.pixels;
  float x = fetch(p.data, p.channels_first == 1u ? first : index, p.half_data != 0u);
  store(p.result, p.channels_first == 2u ? first : index, p.half_result != 0u, x);
}
