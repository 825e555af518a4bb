#version 450
// Matrix product with a convolution's addresses, in float32 arithmetic: each work group makes a tile of
// ROWS x COLUMNS results, each thread THREAD_ROWS x THREAD_COLUMNS of them.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"
#include "product.glsl"
#include "epilogue.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ROWS = 64;
layout(constant_id = 2) const uint COLUMNS = 64;
layout(constant_id = 3) const uint THREAD_ROWS = 8;
layout(constant_id = 4) const uint THREAD_COLUMNS = 8;
// Whether channels, strides and addresses allow reading four numbers at once.
layout(constant_id = 5) const bool QUADS = false;

const uint DEPTH = 16;
#ifdef HALF
layout(constant_id = 6) const bool HALF_WEIGHTS = false;
#else
const bool HALF_WEIGHTS = false;
#endif
const uint ROW_THREADS = ROWS / THREAD_ROWS;
const uint COLUMN_THREADS = COLUMNS / THREAD_COLUMNS;
const uint THREADS = ROW_THREADS * COLUMN_THREADS;

shared float data_tile[DEPTH * (ROWS + 1)];
shared float weight_tile[DEPTH * COLUMNS];
shared uint pixels[ROWS];

vec4 read_data(uint pixel, uint channel) {
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  if (pixel == NOWHERE || channel >= p.channels) return vec4(0.0);
  uint index = pixel * p.data_stride + channel;
  if (QUADS) return fetch_quad(p.data, index / 4u, half_data);
  vec4 quad = vec4(0.0);
  for (uint i = 0u; i < min(4u, p.channels - channel); i++) quad[i] = fetch(p.data, index + i, half_data);
  return quad;
}

void load_tiles(uint tap, uint channel, uint first_column) {
  for (uint i = gl_LocalInvocationIndex; i < ROWS * DEPTH / 4u; i += THREADS) {
    uint row = i / (DEPTH / 4u);
    uint k = i % (DEPTH / 4u) * 4u;
    vec4 quad = read_data(pixels[row], channel + k);
    for (uint j = 0u; j < 4u; j++) data_tile[(k + j) * (ROWS + 1u) + row] = quad[j];
  }
  uint padded = (p.outputs + 7u) & ~7u;
  for (uint i = gl_LocalInvocationIndex; i < DEPTH * COLUMNS / 4u; i += THREADS) {
    uint k = i / (COLUMNS / 4u);
    uint column = i % (COLUMNS / 4u) * 4u;
    vec4 quad = vec4(0.0);
    if (channel + k < p.channels && first_column + column < padded) {
      uint index = (tap * p.channels + channel + k) * padded + first_column + column;
      quad = fetch_quad(p.weights, index / 4u, HALF_WEIGHTS);
    }
    for (uint j = 0u; j < 4u; j++) weight_tile[k * COLUMNS + column + j] = quad[j];
  }
}

void main() {
  uint row_thread = gl_LocalInvocationIndex / COLUMN_THREADS;
  uint column_thread = gl_LocalInvocationIndex % COLUMN_THREADS;
  uint first_row = gl_WorkGroupID.y * ROWS;
  uint first_column = gl_WorkGroupID.x * COLUMNS;
  float sums[THREAD_ROWS][THREAD_COLUMNS];
  for (uint i = 0u; i < THREAD_ROWS; i++)
    for (uint j = 0u; j < THREAD_COLUMNS; j++) sums[i][j] = 0.0;

  uint blocks = (p.channels + DEPTH - 1u) / DEPTH;
  uint first_block = gl_WorkGroupID.z * p.depth;
  uint last_block = min(first_block + p.depth, blocks * kernel_side() * kernel_side());
  for (uint block = first_block; block < last_block; block++) {
    uint tap = block / blocks;
    barrier();
    if (block == first_block || block % blocks == 0u) {
      for (uint i = gl_LocalInvocationIndex; i < ROWS; i += THREADS) pixels[i] = read_pixel(first_row + i, tap);
      barrier();
    }
    load_tiles(tap, block % blocks * DEPTH, first_column);
    barrier();
    for (uint k = 0u; k < DEPTH; k++) {
      float weights[THREAD_COLUMNS];
      for (uint j = 0u; j < THREAD_COLUMNS; j++)
        weights[j] = weight_tile[k * COLUMNS + column_thread + j * COLUMN_THREADS];
      for (uint i = 0u; i < THREAD_ROWS; i++) {
        float number = data_tile[k * (ROWS + 1u) + row_thread * THREAD_ROWS + i];
        for (uint j = 0u; j < THREAD_COLUMNS; j++) sums[i][j] = fma(number, weights[j], sums[i][j]);
      }
    }
  }

  uint pixel_count = p.out_height * p.out_width;
  uint rows = p.pictures * pixel_count;
  for (uint i = 0u; i < THREAD_ROWS; i++) {
    uint row = first_row + row_thread * THREAD_ROWS + i;
    if (row >= rows) break;
    for (uint j = 0u; j < THREAD_COLUMNS; j++) {
      uint column = first_column + column_thread + j * COLUMN_THREADS;
      if (column >= p.outputs) break;
      if (gl_NumWorkGroups.z > 1u)
        p.result.v[(gl_WorkGroupID.z * rows + row) * p.outputs + column] = sums[i][j];
      else
        store(p.result, row * p.outputs + column, (p.flags & HALF_OUTPUT) != 0u,
              finished(sums[i][j], row, row / pixel_count, column));
    }
  }
}
