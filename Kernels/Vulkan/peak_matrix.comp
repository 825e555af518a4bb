#version 450
// Multiplies fragments in registers, to measure how fast matrix cores are: 8 products a round and subgroup.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#include "common.glsl"

layout(local_size_x_id = 0) in;

layout(push_constant, scalar) uniform Push {
  Floats result;
  uint rounds;
  float factor;
} p;

shared float kept[FRAGMENT_ROWS * FRAGMENT_COLUMNS];

void main() {
  coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_DEPTH, gl_MatrixUseA> a[2];
  coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_DEPTH, FRAGMENT_COLUMNS, gl_MatrixUseB> b[4];
  coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator> sums[8];
  for (uint i = 0u; i < 2u; i++)
    a[i] = coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_DEPTH, gl_MatrixUseA>(
        float16_t(p.factor * float(i)));
  for (uint i = 0u; i < 4u; i++)
    b[i] = coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_DEPTH, FRAGMENT_COLUMNS, gl_MatrixUseB>(
        float16_t(p.factor * float(i)));
  for (uint i = 0u; i < 8u; i++)
    sums[i] = coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator>(float(i));
  for (uint round = 0u; round < p.rounds; round++)
    for (uint i = 0u; i < 8u; i++) sums[i] = coopMatMulAdd(a[i / 4u], b[i % 4u], sums[i]);
  for (uint i = 1u; i < 8u; i++) sums[0] = sums[0] + sums[i];
  coopMatStore(sums[0], kept, 0, FRAGMENT_COLUMNS, gl_CooperativeMatrixLayoutRowMajor);
  // Keeps the loop from being left out.
  if (kept[0] == 0.123) p.result.v[0] = kept[1];
}
