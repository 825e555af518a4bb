#version 450
// Matrix product with a convolution's addresses on matrix cores: float16 factors, float32 sums. Each work group
// makes a tile of ROWS x COLUMNS results, each subgroup a part of it in fragments of FRAGMENT_ROWS x FRAGMENT_COLUMNS.
// Fragment sizes are definitions, since some compilers take no constants there.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#include "common.glsl"
#include "product.glsl"
#include "epilogue.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const uint ROWS = 128;
layout(constant_id = 2) const uint COLUMNS = 128;
layout(constant_id = 3) const uint SUBGROUP_ROWS = 64;  // of results
layout(constant_id = 4) const uint SUBGROUP_COLUMNS = 32;
layout(constant_id = 5) const uint SUBGROUP_SIZE = 32;

const uint DEPTH = 32;
const uint PADDING = 8;  // keeps rows of a tile in different banks
const uint DATA_STRIDE = (DEPTH + PADDING) / 4;
const uint WEIGHT_STRIDE = (COLUMNS + PADDING) / 4;
const uint SUBGROUPS = (ROWS / SUBGROUP_ROWS) * (COLUMNS / SUBGROUP_COLUMNS);
const uint THREADS = SUBGROUPS * SUBGROUP_SIZE;
const uint DATA_QUADS = ROWS * DEPTH / 4 / THREADS;  // of one thread
const uint WEIGHT_QUADS = DEPTH * COLUMNS / 4 / THREADS;
const uint FRAGMENTS_DOWN = SUBGROUP_ROWS / FRAGMENT_ROWS;
const uint FRAGMENTS_ACROSS = SUBGROUP_COLUMNS / FRAGMENT_COLUMNS;

shared f16vec4 data_tile[ROWS * DATA_STRIDE];
shared f16vec4 weight_tile[DEPTH * WEIGHT_STRIDE];
shared float results[SUBGROUPS * FRAGMENT_ROWS * FRAGMENT_COLUMNS];

// Values that are stored in float32 may be too large for float16: they are multiplied by an exact power of two,
// and their sums by its inverse.
const float WIDE_SCALE = 1.0 / 32.0;

// The pixel at the window's first tap, for each row of which this thread loads a part.
uint tops[DATA_QUADS];
uint lefts[DATA_QUADS];
uint bases[DATA_QUADS];
uint pixels[DATA_QUADS];

f16vec4 next_data[DATA_QUADS];
f16vec4 next_weights[WEIGHT_QUADS];

void find_rows(uint first_row) {
  uint count = p.out_height * p.out_width;
  uint stride = (p.window >> 8) & 255u;
  for (uint i = 0u; i < DATA_QUADS; i++) {
    uint row = first_row + (gl_LocalInvocationIndex + i * THREADS) / (DEPTH / 4u);
    uint picture = row / count;
    uint pixel = row - picture * count;
    bases[i] = picture < p.pictures ? picture * p.in_height * p.in_width : NOWHERE;
    tops[i] = (pixel / p.out_width) * stride - ((p.window >> 16) & 255u);
    lefts[i] = (pixel % p.out_width) * stride - (p.window >> 24);
  }
}

void find_pixels(uint tap) {
  for (uint i = 0u; i < DATA_QUADS; i++) {
    uint y = tops[i] + tap / kernel_side();
    uint x = lefts[i] + tap % kernel_side();
    bool inside = bases[i] != NOWHERE && y < p.in_height && x < p.in_width;
    pixels[i] = inside ? bases[i] + y * p.in_width + x : NOWHERE;
  }
}

// Reads what the next block of the depth needs, while matrices of this one are multiplied.
void fetch_block(uint tap, uint channel, uint first_column) {
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  for (uint i = 0u; i < DATA_QUADS; i++) {
    uint k = channel + gl_LocalInvocationIndex % (DEPTH / 4u) * 4u;
    next_data[i] = f16vec4(0.0);
    if (pixels[i] != NOWHERE && k < p.channels) {
      uint index = (pixels[i] * p.data_stride + k) / 4u;
      next_data[i] = half_data ? HalfQuads(p.data).v[index] : f16vec4(Quads(p.data).v[index] * WIDE_SCALE);
    }
  }
  uint padded = (p.outputs + 7u) & ~7u;
  for (uint i = 0u; i < WEIGHT_QUADS; i++) {
    uint quad = gl_LocalInvocationIndex + i * THREADS;
    uint k = channel + quad / (COLUMNS / 4u);
    uint column = first_column + quad % (COLUMNS / 4u) * 4u;
    next_weights[i] = f16vec4(0.0);
    if (k < p.channels && column < padded)
      next_weights[i] = HalfQuads(p.weights).v[((tap * p.channels + k) * padded + column) / 4u];
  }
}

void store_block() {
  for (uint i = 0u; i < DATA_QUADS; i++) {
    uint quad = gl_LocalInvocationIndex + i * THREADS;
    data_tile[quad / (DEPTH / 4u) * DATA_STRIDE + quad % (DEPTH / 4u)] = next_data[i];
  }
  for (uint i = 0u; i < WEIGHT_QUADS; i++) {
    uint quad = gl_LocalInvocationIndex + i * THREADS;
    weight_tile[quad / (COLUMNS / 4u) * WEIGHT_STRIDE + quad % (COLUMNS / 4u)] = next_weights[i];
  }
}

void main() {
  uint first_row = gl_WorkGroupID.y * ROWS;
  uint first_column = gl_WorkGroupID.x * COLUMNS;
  uint row_in_tile = gl_SubgroupID / (COLUMNS / SUBGROUP_COLUMNS) * SUBGROUP_ROWS;
  uint column_in_tile = gl_SubgroupID % (COLUMNS / SUBGROUP_COLUMNS) * SUBGROUP_COLUMNS;
  coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator>
      sums[FRAGMENTS_DOWN][FRAGMENTS_ACROSS];
  for (uint i = 0u; i < FRAGMENTS_DOWN; i++)
    for (uint j = 0u; j < FRAGMENTS_ACROSS; j++)
      sums[i][j] =
          coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator>(0.0);

  uint blocks = (p.channels + DEPTH - 1u) / DEPTH;
  uint first_block = gl_WorkGroupID.z * p.depth;
  uint last_block = min(first_block + p.depth, blocks * kernel_side() * kernel_side());
  find_rows(first_row);
  find_pixels(first_block / blocks);
  fetch_block(first_block / blocks, first_block % blocks * DEPTH, first_column);
  for (uint block = first_block; block < last_block; block++) {
    barrier();
    store_block();
    barrier();
    uint next = block + 1u;
    if (next < last_block) {
      if (next % blocks == 0u) find_pixels(next / blocks);
      fetch_block(next / blocks, next % blocks * DEPTH, first_column);
    }
    for (uint k = 0u; k < DEPTH; k += FRAGMENT_DEPTH) {
      coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_DEPTH, FRAGMENT_COLUMNS, gl_MatrixUseB>
          weights[FRAGMENTS_ACROSS];
      for (uint j = 0u; j < FRAGMENTS_ACROSS; j++)
        coopMatLoad(weights[j], weight_tile, k * WEIGHT_STRIDE + (column_in_tile + j * FRAGMENT_COLUMNS) / 4u,
                    WEIGHT_STRIDE, gl_CooperativeMatrixLayoutRowMajor);
      for (uint i = 0u; i < FRAGMENTS_DOWN; i++) {
        coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_DEPTH, gl_MatrixUseA> data;
        coopMatLoad(data, data_tile, (row_in_tile + i * FRAGMENT_ROWS) * DATA_STRIDE + k / 4u, DATA_STRIDE,
                    gl_CooperativeMatrixLayoutRowMajor);
        for (uint j = 0u; j < FRAGMENTS_ACROSS; j++) sums[i][j] = coopMatMulAdd(data, weights[j], sums[i][j]);
      }
    }
  }

  float scale = (p.flags & HALF_INPUT) != 0u ? 1.0 : 1.0 / WIDE_SCALE;
  uint pixel_count = p.out_height * p.out_width;
  uint rows = p.pictures * pixel_count;
  uint stage = gl_SubgroupID * FRAGMENT_ROWS * FRAGMENT_COLUMNS;
  for (uint i = 0u; i < FRAGMENTS_DOWN; i++)
    for (uint j = 0u; j < FRAGMENTS_ACROSS; j++) {
      subgroupBarrier();
      coopMatStore(sums[i][j], results, stage, FRAGMENT_COLUMNS, gl_CooperativeMatrixLayoutRowMajor);
      subgroupBarrier();
      for (uint e = gl_SubgroupInvocationID; e < FRAGMENT_ROWS * FRAGMENT_COLUMNS; e += SUBGROUP_SIZE) {
        uint row = first_row + row_in_tile + i * FRAGMENT_ROWS + e / FRAGMENT_COLUMNS;
        uint column = first_column + column_in_tile + j * FRAGMENT_COLUMNS + e % FRAGMENT_COLUMNS;
        if (row >= rows || column >= p.outputs) continue;
        float sum = results[stage + e] * scale;
        if (gl_NumWorkGroups.z > 1u)
          p.result.v[(gl_WorkGroupID.z * rows + row) * p.outputs + column] = sum;
        else
          store(p.result, row * p.outputs + column, (p.flags & HALF_OUTPUT) != 0u,
                finished(sum, row, row / pixel_count, column));
      }
    }
}
