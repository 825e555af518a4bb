#version 450
// Rows of the table chosen by ids [sequences, tokens], plus the row of each position.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

layout(push_constant, scalar) uniform Push {
  Floats ids;
  Floats table;
  Floats positions;
  Floats result;
  uint tokens;
  uint sequences;
  uint width;
  uint table_rows;
  uint has_positions;
  uint half_table;
  uint half_result;
} p;

void main() {
  uint index = element();
  uint token = index / p.width;
  if (token >= p.tokens * p.sequences) return;
  uint column = index % p.width;
  float id = p.ids.v[token];
  // A number that is no id gives what is no number.
  float x = id >= 0.0 && id < float(p.table_rows)
                ? fetch(p.table, uint(id) * p.width + column, p.half_table != 0u)
                : uintBitsToFloat(0x7fc00000u);
  if (p.has_positions != 0u) x += fetch(p.positions, token % p.tokens * p.width + column, p.half_table != 0u);
  store(p.result, index, p.half_result != 0u, x);
}
