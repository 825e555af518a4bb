#version 450
// The attention of attention.comp, one result a thread: what takes its place where it computes wrongly.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "attention.glsl"

layout(local_size_x = ELEMENT_THREADS) in;
layout(constant_id = 0) const uint HEAD = 40;
layout(constant_id = 1) const uint PICTURES = 1;

float score(uint query, uint key) {
  float sum = 0.0;
  for (uint d = 0u; d < HEAD; d++)
    sum = fma(fetch(p.query, query + d, (p.half_data & HALF_QUERY) != 0u),
              fetch(p.key, key + d, (p.half_data & HALF_KEY) != 0u), sum);
  return sum * p.scale;
}

void main() {
  uint width = p.heads * HEAD;
  uint index = element();
  uint column = index % width;
  uint row = index / width;
  uint token = row % p.queries;
  uint picture = row / p.queries;
  if (picture >= PICTURES) return;
  uint first = column / HEAD * HEAD;
  uint query = row * p.query_stride + first;
  uint visible = p.causal != 0u ? min(p.keys, token + 1u) : p.keys;
  float maximum = -3.402823466e38;
  for (uint key = 0u; key < visible; key++)
    maximum = max(maximum, score(query, (picture * p.keys + key) * p.key_stride + first));
  float sum = 0.0, result = 0.0;
  uint largest = 0u;
  for (uint key = 0u; key < visible; key++) {
    float its_score = score(query, (picture * p.keys + key) * p.key_stride + first);
    float weight = exp(its_score - maximum);
    largest = max(largest, magnitude(its_score));
    sum += weight;
    result = fma(weight, fetch(p.value, (picture * p.keys + key) * p.value_stride + column,
                               (p.half_data & HALF_VALUE) != 0u), result);
  }
  store(p.result, index, (p.half_data & HALF_RESULT) != 0u, result / unless_broken(sum, largest));
}
