#version 450
// The layer normalisation of layer_norm.comp, one row a thread: what takes its place where it computes wrongly.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "layer_norm.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

void main() {
  uint row = element();
  if (row >= p.rows) return;
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  float sum = 0.0;
  for (uint c = 0u; c < p.channels; c++) sum += fetch(p.data, row * p.data_stride + c, half_data);
  float mean = sum / float(p.channels);
  float squares = 0.0;
  for (uint c = 0u; c < p.channels; c++) {
    float difference = fetch(p.data, row * p.data_stride + c, half_data) - mean;
    squares = fma(difference, difference, squares);
  }
  float scale = 1.0 / sqrt(squares / float(p.channels) + p.epsilon);
  for (uint c = 0u; c < p.channels; c++) {
    float x = (fetch(p.data, row * p.data_stride + c, half_data) - mean) * scale;
    store(p.result, row * p.channels + c, (p.flags & HALF_OUTPUT) != 0u,
          activated(fma(x, p.weight.v[c], p.bias.v[c]), p.flags & ACTIVATION));
  }
}
