#version 450
// softmax(scale q k') v on matrix cores: float16 factors, float32 scores and sums. Each subgroup keeps
// FRAGMENT_ROWS queries of one head; keys come in blocks, with the softmax's running maximum and sum as in
// attention.comp. All values are stored in 16 bits.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#include "common.glsl"
#include "attention.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint HEAD = 40;
layout(constant_id = 2) const uint SUBGROUP_SIZE = 32;

const uint SUBGROUPS = 4;
const uint THREADS = SUBGROUPS * SUBGROUP_SIZE;
const uint QUERIES = SUBGROUPS * FRAGMENT_ROWS;
const uint KEYS = 32;
const uint WIDTH = (HEAD + 15) / 16 * 16;  // of a head, filled up with zeros
const uint STRIDE = (WIDTH + 8) / 4;
const uint WEIGHT_STRIDE = (KEYS + 8) / 4;
const uint PARTS = WIDTH / FRAGMENT_DEPTH;
const uint COLUMN_PARTS = WIDTH / FRAGMENT_COLUMNS;
const uint KEY_PARTS = KEYS / FRAGMENT_COLUMNS;
const uint ROW_LANES = SUBGROUP_SIZE / FRAGMENT_ROWS;  // that share a row of scores
const uint LANE_KEYS = KEYS / ROW_LANES;
const float LOWEST = -3.402823466e38;

shared f16vec4 tile[KEYS * STRIDE];  // queries, keys or values
shared float scores[QUERIES * KEYS];
shared f16vec4 weights[QUERIES * WEIGHT_STRIDE];
shared float factors[QUERIES * FRAGMENT_COLUMNS];

uint first_query = gl_WorkGroupID.y * QUERIES;
uint first_column = gl_WorkGroupID.x * HEAD;
uint picture = gl_WorkGroupID.z;
uint first_row = gl_SubgroupID * FRAGMENT_ROWS;
uint lane_row = gl_SubgroupInvocationID / ROW_LANES;
uint lane_key = gl_SubgroupInvocationID % ROW_LANES * LANE_KEYS;

// Fills the tile with KEYS tokens; zeros beyond the last token and the head's end.
void load_tile(Floats base, uint stride, uint first, uint count) {
  barrier();
  for (uint i = gl_LocalInvocationIndex; i < KEYS * (WIDTH / 4u); i += THREADS) {
    uint token = first + i / (WIDTH / 4u);
    uint d = i % (WIDTH / 4u) * 4u;
    f16vec4 quad = f16vec4(0.0);
    if (token < count && d < HEAD)
      quad = HalfQuads(base).v[((picture * count + token) * stride + first_column + d) / 4u];
    tile[i / (WIDTH / 4u) * STRIDE + d / 4u] = quad;
  }
  barrier();
}

// Puts a number for each row in front of its fragment's columns.
void spread(float factor) {
  for (uint c = gl_SubgroupInvocationID % ROW_LANES; c < FRAGMENT_COLUMNS; c += ROW_LANES)
    factors[(first_row + lane_row) * FRAGMENT_COLUMNS + c] = factor;
  subgroupBarrier();
}

void main() {
  coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_DEPTH, gl_MatrixUseA> query[PARTS];
  for (uint block = 0u; block < QUERIES; block += KEYS) {
    load_tile(p.query, p.query_stride, first_query + block, p.queries);
    if (first_row / KEYS * KEYS == block)
      for (uint i = 0u; i < PARTS; i++)
        coopMatLoad(query[i], tile, (first_row - block) * STRIDE + i * FRAGMENT_DEPTH / 4u, STRIDE,
                    gl_CooperativeMatrixLayoutRowMajor);
  }
  coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator> sums[COLUMN_PARTS];
  for (uint i = 0u; i < COLUMN_PARTS; i++)
    sums[i] = coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator>(0.0);
  float maximum = LOWEST;
  float sum = 0.0;
  uint token = first_query + first_row + lane_row;

  uint visible = p.causal != 0u ? min(p.keys, first_query + QUERIES) : p.keys;
  for (uint first_key = 0u; first_key < visible; first_key += KEYS) {
    load_tile(p.key, p.key_stride, first_key, p.keys);
    for (uint j = 0u; j < KEY_PARTS; j++) {
      coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator> product =
          coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator>(0.0);
      for (uint i = 0u; i < PARTS; i++) {
        coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_DEPTH, FRAGMENT_COLUMNS, gl_MatrixUseB> keys;
        coopMatLoad(keys, tile, j * FRAGMENT_COLUMNS * STRIDE + i * FRAGMENT_DEPTH / 4u, STRIDE,
                    gl_CooperativeMatrixLayoutColumnMajor);
        product = coopMatMulAdd(query[i], keys, product);
      }
      coopMatStore(product, scores, first_row * KEYS + j * FRAGMENT_COLUMNS, KEYS,
                   gl_CooperativeMatrixLayoutRowMajor);
    }
    subgroupBarrier();

    float mine[LANE_KEYS];
    float highest = maximum;
    for (uint k = 0u; k < LANE_KEYS; k++) {
      uint key = first_key + lane_key + k;
      bool seen = key < p.keys && (p.causal == 0u || key <= token);
      mine[k] = seen ? scores[(first_row + lane_row) * KEYS + lane_key + k] * p.scale : LOWEST;
      highest = max(highest, mine[k]);
    }
    for (uint step = 1u; step < ROW_LANES; step *= 2u) highest = max(highest, subgroupShuffleXor(highest, step));
    float factor = exp(maximum - highest);
    maximum = highest;
    float part = 0.0;
    for (uint k = 0u; k < LANE_KEYS; k++) {
      mine[k] = mine[k] == LOWEST ? 0.0 : exp(mine[k] - highest);
      part += mine[k];
    }
    for (uint step = 1u; step < ROW_LANES; step *= 2u) part += subgroupShuffleXor(part, step);
    sum = sum * factor + part;
    for (uint k = 0u; k < LANE_KEYS; k += 4u)
      weights[(first_row + lane_row) * WEIGHT_STRIDE + (lane_key + k) / 4u] =
          f16vec4(mine[k], mine[k + 1u], mine[k + 2u], mine[k + 3u]);
    spread(factor);

    load_tile(p.value, p.value_stride, first_key, p.keys);
    coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator> scale;
    coopMatLoad(scale, factors, first_row * FRAGMENT_COLUMNS, FRAGMENT_COLUMNS,
                gl_CooperativeMatrixLayoutRowMajor);
    for (uint i = 0u; i < COLUMN_PARTS; i++) sums[i] = sums[i] * scale;
    for (uint k = 0u; k < KEYS; k += FRAGMENT_DEPTH) {
      coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_DEPTH, gl_MatrixUseA> weight;
      coopMatLoad(weight, weights, first_row * WEIGHT_STRIDE + k / 4u, WEIGHT_STRIDE,
                  gl_CooperativeMatrixLayoutRowMajor);
      for (uint i = 0u; i < COLUMN_PARTS; i++) {
        coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_DEPTH, FRAGMENT_COLUMNS, gl_MatrixUseB> values;
        coopMatLoad(values, tile, k * STRIDE + i * FRAGMENT_COLUMNS / 4u, STRIDE,
                    gl_CooperativeMatrixLayoutRowMajor);
        sums[i] = coopMatMulAdd(weight, values, sums[i]);
      }
    }
  }

  for (uint i = 0u; i < COLUMN_PARTS; i++) {
    subgroupBarrier();
    coopMatStore(sums[i], factors, first_row * FRAGMENT_COLUMNS, FRAGMENT_COLUMNS,
                 gl_CooperativeMatrixLayoutRowMajor);
    subgroupBarrier();
    for (uint c = gl_SubgroupInvocationID % ROW_LANES; c < FRAGMENT_COLUMNS; c += ROW_LANES) {
      uint d = i * FRAGMENT_COLUMNS + c;
      if (token < p.queries && d < HEAD)
        Halves(p.result).v[(picture * p.queries + token) * p.heads * HEAD + first_column + d] =
            float16_t(factors[(first_row + lane_row) * FRAGMENT_COLUMNS + c] / sum);
    }
  }
}
