#version 450
// softmax(scale q k') v on matrix cores whose fragments are laid out as on NVIDIA's: float16 factors, float32 scores
// and sums. Each subgroup keeps a fragment's queries of one head; keys come in blocks. Scores never leave registers: four
// neighbouring lanes hold a row, a lane's elements belong to two rows, and scores become the left factor of the second
// product where they are. The specification promises none of this, so only a test can tell whether the kernel is right.
// A wide head's columns are shared out among work groups, as in attention_matrix.comp.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
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
layout(constant_id = 4) const uint SUBGROUPS = 4;
layout(constant_id = 5) const uint SUBGROUP_SIZE = 32;

const uint THREADS = SUBGROUPS * SUBGROUP_SIZE;
const uint SIDE = 16;  // of fragments
const uint QUERIES = SUBGROUPS * SIDE;
const bool IS_WIDE = COLUMNS < HEAD;
const uint WIDTH = (HEAD + 15) / 16 * 16;  // of a head, filled up with zeros
const uint RESULT_WIDTH = (COLUMNS + 15) / 16 * 16;
const uint PARTS = WIDTH / SIDE;
const uint QUERY_PARTS = IS_WIDE ? 1 : PARTS;  // that are kept
const uint COLUMN_PARTS = RESULT_WIDTH / SIDE;
const uint KEY_PARTS = KEYS / SIDE;

// Threads move eight numbers at a time, an octet.
const uint KEY_OCTETS = WIDTH / 8;
const uint VALUE_OCTETS = RESULT_WIDTH / 8;
const uint KEY_STRIDE = KEY_OCTETS + 1;
const uint VALUE_STRIDE = VALUE_OCTETS + 1;
const uint KEY_LOADS = (KEYS * KEY_OCTETS + THREADS - 1) / THREADS;
const uint VALUE_LOADS = (KEYS * VALUE_OCTETS + THREADS - 1) / THREADS;
const uint BLOCK_SIZE = KEYS * (KEY_STRIDE + VALUE_STRIDE);
// Queries come through there, and results leave through there.
const uint STAGE_SIZE = QUERIES * (IS_WIDE ? VALUE_STRIDE : KEY_STRIDE);
shared uvec4 shares[BLOCK_SIZE > STAGE_SIZE ? BLOCK_SIZE : STAGE_SIZE];
shared float places[SIDE * SIDE];

layout(buffer_reference, scalar, buffer_reference_align = 16) readonly restrict buffer Octets { uvec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) restrict buffer Results { uvec4 v[]; };

const float LOWEST = -3.402823466e38;

uint first_query = gl_WorkGroupID.y * QUERIES;
uint first_column = gl_WorkGroupID.x / (HEAD / COLUMNS) * HEAD;
uint first_result = gl_WorkGroupID.x * COLUMNS;
uint picture = gl_WorkGroupID.z;
uint first_row = gl_SubgroupID * SIDE;

uvec4 next_keys[KEY_LOADS];
uvec4 next_values[VALUE_LOADS];

// An octet of a token's columns; zeros beyond the last token and the columns' end.
uvec4 read(Floats base, uint stride, uint token, uint count, uint column, uint octet, uint columns) {
  uvec4 result = uvec4(0u);
  if (token < count && octet * 8u < columns)
    result = Octets(base).v[((picture * count + token) * stride + column) / 8u + octet];
  return result;
}

void fetch_block(uint first_key) {
  [[unroll]] for (uint n = 0u; n < KEY_LOADS; n++) {
    uint i = gl_LocalInvocationIndex + n * THREADS;
    next_keys[n] = read(p.key, p.key_stride, first_key + i / KEY_OCTETS, p.keys, first_column, i % KEY_OCTETS, HEAD);
  }
  [[unroll]] for (uint n = 0u; n < VALUE_LOADS; n++) {
    uint i = gl_LocalInvocationIndex + n * THREADS;
    next_values[n] =
        read(p.value, p.value_stride, first_key + i / VALUE_OCTETS, p.keys, first_result, i % VALUE_OCTETS, COLUMNS);
  }
}

void store_block() {
  [[unroll]] for (uint n = 0u; n < KEY_LOADS; n++) {
    uint i = gl_LocalInvocationIndex + n * THREADS;
    if ((n + 1u) * THREADS <= KEYS * KEY_OCTETS || i < KEYS * KEY_OCTETS)
      shares[i / KEY_OCTETS * KEY_STRIDE + i % KEY_OCTETS] = next_keys[n];
  }
  [[unroll]] for (uint n = 0u; n < VALUE_LOADS; n++) {
    uint i = gl_LocalInvocationIndex + n * THREADS;
    if ((n + 1u) * THREADS <= KEYS * VALUE_OCTETS || i < KEYS * VALUE_OCTETS)
      shares[KEYS * KEY_STRIDE + i / VALUE_OCTETS * VALUE_STRIDE + i % VALUE_OCTETS] = next_values[n];
  }
}

void main() {
  coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseA> query[QUERY_PARTS];
  for (uint i = gl_LocalInvocationIndex; i < SIDE * SIDE; i += THREADS) places[i] = float(i);
  if (!IS_WIDE) {
    for (uint i = gl_LocalInvocationIndex; i < QUERIES * KEY_OCTETS; i += THREADS)
      shares[i / KEY_OCTETS * KEY_STRIDE + i % KEY_OCTETS] =
          read(p.query, p.query_stride, first_query + i / KEY_OCTETS, p.queries, first_column, i % KEY_OCTETS, HEAD);
    barrier();
    [[unroll]] for (uint i = 0u; i < QUERY_PARTS; i++)
      coopMatLoad(query[i], shares, first_row * KEY_STRIDE + i * SIDE / 8u, KEY_STRIDE,
                  gl_CooperativeMatrixLayoutRowMajor);
  }
  coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator> sums[COLUMN_PARTS];
  [[unroll]] for (uint i = 0u; i < COLUMN_PARTS; i++)
    sums[i] = coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator>(0.0);
  float maxima[2] = float[2](LOWEST, LOWEST);
  float totals[2] = float[2](0.0, 0.0);
  const float factor = p.scale * 1.4426950408889634;  // scores are powers of two

  uint visible = p.causal != 0u ? min(p.keys, first_query + QUERIES) : p.keys;
  fetch_block(0u);
  for (uint first_key = 0u; first_key < visible; first_key += KEYS) {
    barrier();
    store_block();
    barrier();
    if (first_key + KEYS < visible) fetch_block(first_key + KEYS);

    coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator> scores[KEY_PARTS];
    [[unroll]] for (uint i = 0u; i < KEY_PARTS; i++)
      scores[i] = coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator>(0.0);
    [[unroll]] for (uint i = 0u; i < PARTS; i++) {
      if (IS_WIDE) {
        // A subgroup beyond the last query does the work of the one before, for nothing.
        uint row = picture * p.queries + min(first_query + first_row, p.queries - SIDE);
        coopMatLoad(query[0], Octets(p.query).v, (row * p.query_stride + first_column + i * SIDE) / 8u,
                    p.query_stride / 8u, gl_CooperativeMatrixLayoutRowMajor);
      }
      [[unroll]] for (uint j = 0u; j < KEY_PARTS; j++) {
        coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseB> keys;
        coopMatLoad(keys, shares, j * SIDE * KEY_STRIDE + i * SIDE / 8u, KEY_STRIDE,
                    gl_CooperativeMatrixLayoutColumnMajor);
        scores[j] = coopMatMulAdd(query[IS_WIDE ? 0u : i], keys, scores[j]);
      }
    }
    if (first_key + KEYS > p.keys || (p.causal != 0u && first_key + KEYS > first_query)) {
      coopmat<float, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator> place;
      coopMatLoad(place, places, 0, SIDE, gl_CooperativeMatrixLayoutRowMajor);
      [[unroll]] for (uint j = 0u; j < KEY_PARTS; j++)
        [[unroll]] for (uint e = 0u; e < 8u; e++) {
          uint token = first_query + first_row + uint(place[e]) / SIDE;
          uint key = first_key + j * SIDE + uint(place[e]) % SIDE;
          if (key >= p.keys || (p.causal != 0u && key > token)) scores[j][e] = LOWEST;
        }
    }

    coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseA> weights[KEY_PARTS];
    float highest[2] = maxima;  // of a lane's two rows, to which its elements belong two by two
    [[unroll]] for (uint j = 0u; j < KEY_PARTS; j++)
      [[unroll]] for (uint e = 0u; e < 8u; e++) highest[e >> 1 & 1u] = max(highest[e >> 1 & 1u], scores[j][e]);
    float shrink[2];
    float base[2];
    [[unroll]] for (uint r = 0u; r < 2u; r++) {
      highest[r] = max(highest[r], subgroupShuffleXor(highest[r], 1u));
      highest[r] = max(highest[r], subgroupShuffleXor(highest[r], 2u));
      base[r] = highest[r] * factor;
      shrink[r] = exp2((maxima[r] - highest[r]) * factor);
      maxima[r] = highest[r];
      totals[r] *= shrink[r];
    }
    [[unroll]] for (uint j = 0u; j < KEY_PARTS; j++)
      [[unroll]] for (uint e = 0u; e < 8u; e++) {
        float weight = exp2(scores[j][e] * factor - base[e >> 1 & 1u]);
        totals[e >> 1 & 1u] += weight;
        weights[j][e] = float16_t(weight);
      }
    [[unroll]] for (uint i = 0u; i < COLUMN_PARTS; i++)
      [[unroll]] for (uint e = 0u; e < 8u; e++) sums[i][e] *= shrink[e >> 1 & 1u];
    [[unroll]] for (uint k = 0u; k < KEY_PARTS; k++)
      [[unroll]] for (uint i = 0u; i < COLUMN_PARTS; i++) {
        coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseB> values;
        coopMatLoad(values, shares, KEYS * KEY_STRIDE + k * SIDE * VALUE_STRIDE + i * SIDE / 8u, VALUE_STRIDE,
                    gl_CooperativeMatrixLayoutRowMajor);
        sums[i] = coopMatMulAdd(weights[k], values, sums[i]);
      }
  }

  barrier();
  uint stage = first_row * VALUE_STRIDE;
  float inverse[2];
  [[unroll]] for (uint r = 0u; r < 2u; r++) {
    totals[r] += subgroupShuffleXor(totals[r], 1u);
    totals[r] += subgroupShuffleXor(totals[r], 2u);
    inverse[r] = 1.0 / totals[r];
  }
  [[unroll]] for (uint i = 0u; i < COLUMN_PARTS; i++) {
    [[unroll]] for (uint e = 0u; e < 8u; e++) sums[i][e] *= inverse[e >> 1 & 1u];
    coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator> result =
        coopmat<float16_t, gl_ScopeSubgroup, SIDE, SIDE, gl_MatrixUseAccumulator>(sums[i]);
    coopMatStore(result, shares, stage + i * SIDE / 8u, VALUE_STRIDE, gl_CooperativeMatrixLayoutRowMajor);
  }
  subgroupBarrier();
  for (uint i = gl_SubgroupInvocationID; i < SIDE * (COLUMNS / 8u); i += SUBGROUP_SIZE) {
    uint token = first_query + first_row + i / (COLUMNS / 8u);
    if (token < p.queries)
      Results(p.result).v[((picture * p.queries + token) * p.heads * HEAD + first_result) / 8u + i % (COLUMNS / 8u)] =
          shares[stage + i / (COLUMNS / 8u) * VALUE_STRIDE + i % (COLUMNS / 8u)];
  }
}
