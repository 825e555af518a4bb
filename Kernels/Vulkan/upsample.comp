#version 450
// Nearest neighbour from [pictures, in_height, in_width, channels] to [pictures, out_height, out_width, channels].
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

layout(push_constant, scalar) uniform Push {
  Floats data;
  Floats result;
  uint data_stride;  // numbers from one pixel to the next
  uint pictures;
  uint in_height;
  uint in_width;
  uint out_height;
  uint out_width;
  uint channels;
  uint half_data;
  uint half_result;
} p;

// Whether channels, strides and addresses allow reading four numbers at once; then each thread copies four.
layout(constant_id = 0) const bool QUADS = false;

void main() {
  uint index = QUADS ? element() * 4u : element();
  uint channel = index % p.channels;
  uint pixel = index / p.channels;
  uint x = pixel % p.out_width;
  uint y = pixel / p.out_width % p.out_height;
  uint picture = pixel / (p.out_width * p.out_height);
  if (picture >= p.pictures) return;
  uint source = (picture * p.in_height + y * p.in_height / p.out_height) * p.in_width + x * p.in_width / p.out_width;
  uint from = source * p.data_stride + channel;
  if (QUADS)
    store_quad(p.result, index / 4u, p.half_result != 0u, fetch_quad(p.data, from / 4u, p.half_data != 0u));
  else
    store(p.result, index, p.half_result != 0u, fetch(p.data, from, p.half_data != 0u));
}
