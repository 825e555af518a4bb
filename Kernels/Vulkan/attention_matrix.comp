#version 450
// softmax(scale q k') v on matrix cores: float16 factors, float32 scores and sums. Each subgroup keeps
// FRAGMENT_ROWS queries of one head; keys come in blocks, with the softmax's running maximum and sum as in
// attention.comp. All values are stored in 16 bits. A wide head's columns are shared out among work groups, each of
// which computes the scores for itself; its queries do not fit in registers, and are read again for each block.
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
layout(constant_id = 2) const uint COLUMNS = 40;  // of results that a work group makes: the head's, or a part of them
layout(constant_id = 3) const uint KEYS = 32;     // of a block
layout(constant_id = 4) const uint SUBGROUP_SIZE = 32;

const uint SUBGROUPS = 4;
const uint THREADS = SUBGROUPS * SUBGROUP_SIZE;
const uint QUERIES = SUBGROUPS * FRAGMENT_ROWS;
const bool IS_WIDE = COLUMNS < HEAD;
const uint WIDTH = (HEAD + 15) / 16 * 16;  // of a head, filled up with zeros
const uint STRIDE = (WIDTH + 8) / 4;
const uint WEIGHT_STRIDE = (KEYS + 8) / 4;
const uint PARTS = WIDTH / FRAGMENT_DEPTH;
const uint QUERY_PARTS = IS_WIDE ? 1 : PARTS;  // that are kept
const uint RESULT_WIDTH = (COLUMNS + 15) / 16 * 16;
const uint COLUMN_PARTS = RESULT_WIDTH / FRAGMENT_COLUMNS;
const uint KEY_PARTS = KEYS / FRAGMENT_COLUMNS;
const uint ROW_LANES = SUBGROUP_SIZE / FRAGMENT_ROWS;  // that share a row of scores
const uint LANE_KEYS = KEYS / ROW_LANES;
const float LOWEST = -3.402823466e38;

shared f16vec4 tile[KEYS * STRIDE];  // queries, keys or values
shared float scores[QUERIES * KEYS];
shared f16vec4 weights[QUERIES * WEIGHT_STRIDE];
shared float factors[QUERIES * FRAGMENT_COLUMNS];

uint first_query = gl_WorkGroupID.y * QUERIES;
uint first_column = gl_WorkGroupID.x / (HEAD / COLUMNS) * HEAD;
uint first_result = gl_WorkGroupID.x * COLUMNS;
uint picture = gl_WorkGroupID.z;
uint first_row = gl_SubgroupID * FRAGMENT_ROWS;
uint lane_row = gl_SubgroupInvocationID / ROW_LANES;
uint lane_key = gl_SubgroupInvocationID % ROW_LANES * LANE_KEYS;

// Fills the tile with `width` columns of KEYS tokens; zeros beyond the last token and the columns' end.
void load_tile(Floats base, uint stride, uint first, uint count, uint column, uint columns, uint width) {
  barrier();
  for (uint i = gl_LocalInvocationIndex; i < KEYS * (width / 4u); i += THREADS) {
    uint token = first + i / (width / 4u);
    uint d = i % (width / 4u) * 4u;
    f16vec4 quad = f16vec4(0.0);
    if (token < count && d < columns)
      quad = HalfQuads(base).v[((picture * count + token) * stride + column + d) / 4u];
    tile[i / (width / 4u) * STRIDE + d / 4u] = quad;
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
  coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_DEPTH, gl_MatrixUseA> query[QUERY_PARTS];
  for (uint block = 0u; block < QUERIES && !IS_WIDE; block += KEYS) {
    load_tile(p.query, p.query_stride, first_query + block, p.queries, first_column, HEAD, WIDTH);
    if (first_row / KEYS * KEYS == block)
      for (uint i = 0u; i < QUERY_PARTS; i++)
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
    load_tile(p.key, p.key_stride, first_key, p.keys, first_column, HEAD, WIDTH);
    for (uint j = 0u; j < KEY_PARTS; j++) {
      coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator> product =
          coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator>(0.0);
      for (uint i = 0u; i < PARTS; i++) {
        coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_DEPTH, FRAGMENT_COLUMNS, gl_MatrixUseB> keys;
        coopMatLoad(keys, tile, j * FRAGMENT_COLUMNS * STRIDE + i * FRAGMENT_DEPTH / 4u, STRIDE,
                    gl_CooperativeMatrixLayoutColumnMajor);
        if (IS_WIDE) {
          // A subgroup beyond the last query does the work of the one before, for nothing.
          uint row = picture * p.queries + min(first_query + first_row, p.queries - FRAGMENT_ROWS);
          coopMatLoad(query[0], Halves(p.query).v, row * p.query_stride + first_column + i * FRAGMENT_DEPTH,
                      p.query_stride, gl_CooperativeMatrixLayoutRowMajor);
        }
        product = coopMatMulAdd(query[IS_WIDE ? 0u : i], keys, product);
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
    uint largest = 0u;
    for (uint k = 0u; k < LANE_KEYS; k++) {
      largest = max(largest, magnitude(mine[k]));
      mine[k] = mine[k] == LOWEST ? 0.0 : exp(mine[k] - highest);
      part += mine[k];
    }
    part = unless_broken(part, largest);
    for (uint step = 1u; step < ROW_LANES; step *= 2u) part += subgroupShuffleXor(part, step);
    sum = sum * factor + part;
    for (uint k = 0u; k < LANE_KEYS; k += 4u)
      weights[(first_row + lane_row) * WEIGHT_STRIDE + (lane_key + k) / 4u] =
          f16vec4(mine[k], mine[k + 1u], mine[k + 2u], mine[k + 3u]);
    spread(factor);

    load_tile(p.value, p.value_stride, first_key, p.keys, first_result, COLUMNS, RESULT_WIDTH);
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
      if (token < p.queries && d < COLUMNS)
        Halves(p.result).v[(picture * p.queries + token) * p.heads * HEAD + first_result + d] =
            float16_t(factors[(first_row + lane_row) * FRAGMENT_COLUMNS + c] / sum);
    }
  }
}
