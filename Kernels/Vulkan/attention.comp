#version 450
// softmax(scale q k') v for one block of queries of one head, keys in blocks: softmax is kept up to date by its
// running maximum and sum (M. Milakov and N. Gimelshein, 2018), so that no row of weights is ever whole.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "attention.glsl"

const uint THREADS = 64u;
layout(local_size_x = 64) in;
layout(constant_id = 1) const uint HEAD = 40;
layout(constant_id = 2) const uint QUERIES = 32;  // of a work group; a multiple of 8

const uint KEYS = 32u;
const uint DEPTH = 16u;  // of the chunks in which scores are summed, and columns of values loaded together
const uint CHUNKS = (HEAD + DEPTH - 1u) / DEPTH;
const uint SCORE_ROWS = QUERIES / 8u;
const uint SCORE_COLUMNS = KEYS / 8u;
const uint RESULT_ROWS = QUERIES / 4u;

// Below every score; finite, since compilers may assume that numbers are.
const float LOWEST = -3.402823466e38;

shared float query_tile[QUERIES * (DEPTH + 1u)];
shared float key_tile[KEYS * (DEPTH + 1u)];
shared float weights[QUERIES * (KEYS + 1u)];
shared float maxima[QUERIES];
shared float sums[QUERIES];
shared float factors[QUERIES];

uint thread = gl_LocalInvocationIndex;
uint first_query = gl_WorkGroupID.y * QUERIES;
uint column_of_head = gl_WorkGroupID.x * HEAD;
uint picture = gl_WorkGroupID.z;

// Scores of the block's queries and KEYS keys from first_key on; LOWEST for keys that are not seen.
void score(uint first_key) {
  float scores[SCORE_ROWS][SCORE_COLUMNS];
  for (uint i = 0u; i < SCORE_ROWS; i++)
    for (uint j = 0u; j < SCORE_COLUMNS; j++) scores[i][j] = 0.0;
  for (uint chunk = 0u; chunk < CHUNKS; chunk++) {
    barrier();
    for (uint i = thread; i < QUERIES * DEPTH; i += THREADS) {
      uint token = first_query + i / DEPTH;
      uint d = chunk * DEPTH + i % DEPTH;
      query_tile[i / DEPTH * (DEPTH + 1u) + i % DEPTH] =
          token < p.queries && d < HEAD
              ? fetch(p.query, (picture * p.queries + token) * p.query_stride + column_of_head + d,
                      (p.half_data & HALF_QUERY) != 0u)
              : 0.0;
    }
    for (uint i = thread; i < KEYS * DEPTH; i += THREADS) {
      uint token = first_key + i / DEPTH;
      uint d = chunk * DEPTH + i % DEPTH;
      key_tile[i / DEPTH * (DEPTH + 1u) + i % DEPTH] =
          token < p.keys && d < HEAD
              ? fetch(p.key, (picture * p.keys + token) * p.key_stride + column_of_head + d,
                      (p.half_data & HALF_KEY) != 0u)
              : 0.0;
    }
    barrier();
    for (uint d = 0u; d < DEPTH; d++)
      for (uint i = 0u; i < SCORE_ROWS; i++) {
        float q = query_tile[(thread / 8u * SCORE_ROWS + i) * (DEPTH + 1u) + d];
        for (uint j = 0u; j < SCORE_COLUMNS; j++)
          scores[i][j] = fma(q, key_tile[(thread % 8u + 8u * j) * (DEPTH + 1u) + d], scores[i][j]);
      }
  }
  for (uint i = 0u; i < SCORE_ROWS; i++)
    for (uint j = 0u; j < SCORE_COLUMNS; j++) {
      uint row = thread / 8u * SCORE_ROWS + i;
      uint column = thread % 8u + 8u * j;
      uint key = first_key + column;
      bool seen = key < p.keys && (p.causal == 0u || key <= first_query + row);
      weights[row * (KEYS + 1u) + column] = seen ? scores[i][j] * p.scale : LOWEST;
    }
}

// Turns the scores of a row into weights; `factors` brings what was summed before to the new maximum.
void soften() {
  if (thread < QUERIES) {
    float maximum = maxima[thread];
    for (uint k = 0u; k < KEYS; k++) maximum = max(maximum, weights[thread * (KEYS + 1u) + k]);
    float factor = exp(maxima[thread] - maximum);
    float sum = sums[thread] * factor;
    uint largest = 0u;
    for (uint k = 0u; k < KEYS; k++) {
      float score = weights[thread * (KEYS + 1u) + k];
      float weight = exp(score - maximum);
      weights[thread * (KEYS + 1u) + k] = weight;
      sum += weight;
      largest = max(largest, magnitude(score));
    }
    maxima[thread] = maximum;
    sums[thread] = unless_broken(sum, largest);
    factors[thread] = factor;
  }
}

void main() {
  float results[RESULT_ROWS][CHUNKS];
  for (uint i = 0u; i < RESULT_ROWS; i++)
    for (uint c = 0u; c < CHUNKS; c++) results[i][c] = 0.0;
  if (thread < QUERIES) {
    maxima[thread] = LOWEST;
    sums[thread] = 0.0;
  }
  uint first_row = thread / DEPTH * RESULT_ROWS;
  uint visible = p.causal != 0u ? min(p.keys, first_query + QUERIES) : p.keys;
  for (uint first_key = 0u; first_key < visible; first_key += KEYS) {
    score(first_key);
    barrier();
    soften();
    for (uint chunk = 0u; chunk < CHUNKS; chunk++) {
      barrier();
      // Values take the place of keys: [KEYS, DEPTH].
      for (uint i = thread; i < KEYS * DEPTH; i += THREADS) {
        uint token = first_key + i / DEPTH;
        uint d = chunk * DEPTH + i % DEPTH;
        key_tile[i / DEPTH * (DEPTH + 1u) + i % DEPTH] =
            token < p.keys && d < HEAD
                ? fetch(p.value, (picture * p.keys + token) * p.value_stride + column_of_head + d,
                        (p.half_data & HALF_VALUE) != 0u)
                : 0.0;
      }
      barrier();
      for (uint i = 0u; i < RESULT_ROWS; i++) {
        float sum = results[i][chunk] * factors[first_row + i];
        for (uint k = 0u; k < KEYS; k++)
          sum = fma(weights[(first_row + i) * (KEYS + 1u) + k], key_tile[k * (DEPTH + 1u) + thread % DEPTH], sum);
        results[i][chunk] = sum;
      }
    }
    barrier();
  }
  for (uint i = 0u; i < RESULT_ROWS; i++) {
    uint token = first_query + first_row + i;
    if (token >= p.queries) break;
    for (uint chunk = 0u; chunk < CHUNKS; chunk++) {
      uint d = chunk * DEPTH + thread % DEPTH;
      if (d < HEAD)
        store(p.result, (picture * p.queries + token) * p.heads * HEAD + column_of_head + d,
              (p.half_data & HALF_RESULT) != 0u, results[i][chunk] / sums[first_row + i]);
    }
  }
}
