#version 450
// Matrix product with a convolution's addresses on matrix cores: float16 factors, float32 sums. Each work group
// makes a tile of ROWS x COLUMNS results, each subgroup a part of it in fragments of FRAGMENT_ROWS x FRAGMENT_COLUMNS.
// Fragment sizes are definitions, since some compilers take no constants there. Loops over fragments must be unrolled:
// one index that is not known when the kernel is compiled moves all fragments from registers to memory.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
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
layout(constant_id = 5) const uint DEPTH = 32;       // of a block
layout(constant_id = 6) const uint BUFFERS = 1;      // two let a block be stored while another is read
layout(constant_id = 7) const uint WIDE = 0;         // one for data in float32
layout(constant_id = 8) const uint SUBGROUP_SIZE = 32;

const uint SUBGROUPS = (ROWS / SUBGROUP_ROWS) * (COLUMNS / SUBGROUP_COLUMNS);
const uint THREADS = SUBGROUPS * SUBGROUP_SIZE;
const uint FRAGMENTS_DOWN = SUBGROUP_ROWS / FRAGMENT_ROWS;
const uint FRAGMENTS_ACROSS = SUBGROUP_COLUMNS / FRAGMENT_COLUMNS;

// Threads move eight numbers at a time, an octet. The threads are a multiple of a row's octets, so that each stays in
// one column of octets.
const uint DATA_OCTETS = DEPTH / 8;  // of a row
const uint WEIGHT_OCTETS = COLUMNS / 8;
const uint DATA_STEP = THREADS / DATA_OCTETS;  // rows that all threads load at once
const uint WEIGHT_STEP = THREADS / WEIGHT_OCTETS;
const uint DATA_LOADS = (ROWS + DATA_STEP - 1) / DATA_STEP;
const uint WEIGHT_LOADS = (DEPTH + WEIGHT_STEP - 1) / WEIGHT_STEP;

// One octet more keeps rows of a tile in different banks.
const uint DATA_STRIDE = DATA_OCTETS + 1;
const uint WEIGHT_STRIDE = WEIGHT_OCTETS + 1;
const uint DATA_SIZE = ROWS * DATA_STRIDE;
const uint BUFFER_SIZE = DATA_SIZE + DEPTH * WEIGHT_STRIDE;
// A row of a subgroup's fragments in float32, four numbers at a time.
const uint STAGE_QUADS = SUBGROUP_COLUMNS / 4;
const uint STAGE_STRIDE = STAGE_QUADS + 1;
const uint STAGE_SIZE = FRAGMENT_ROWS * STAGE_STRIDE;
const uint TILES_SIZE = BUFFERS * BUFFER_SIZE;
const uint STAGES_SIZE = SUBGROUPS * STAGE_SIZE;
shared uvec4 shares[TILES_SIZE > STAGES_SIZE ? TILES_SIZE : STAGES_SIZE];

layout(buffer_reference, scalar, buffer_reference_align = 16) readonly restrict buffer Octets { uvec4 v[]; };

// Values that are stored in float32 may be too large for float16: they are multiplied by an exact power of two,
// and their sums by its inverse.
const float WIDE_SCALE = 1.0 / 32.0;

uint data_row = gl_LocalInvocationIndex / DATA_OCTETS;
uint data_octet = gl_LocalInvocationIndex % DATA_OCTETS;
uint weight_row = gl_LocalInvocationIndex / WEIGHT_OCTETS;
uint weight_octet = gl_LocalInvocationIndex % WEIGHT_OCTETS;

// The pixel at the window's first tap, for each row of which this thread loads a part, and the octet to read.
uint tops[DATA_LOADS];
uint lefts[DATA_LOADS];
uint bases[DATA_LOADS];
uint octets[DATA_LOADS];

uvec4 next_data[DATA_LOADS * (1 + WIDE)];
uvec4 next_weights[WEIGHT_LOADS];

void find_rows() {
  uint count = p.out_height * p.out_width;
  uint stride = (p.window >> 8) & 255u;
  [[unroll]] for (uint i = 0u; i < DATA_LOADS; i++) {
    uint row = gl_WorkGroupID.y * ROWS + data_row + i * DATA_STEP;
    uint picture = row / count;
    uint pixel = row - picture * count;
    bases[i] = picture < p.pictures ? picture * p.in_height * p.in_width : NOWHERE;
    tops[i] = (pixel / p.out_width) * stride - ((p.window >> 16) & 255u);
    lefts[i] = (pixel % p.out_width) * stride - (p.window >> 24);
  }
}

void find_octets(uint tap) {
  uint down = tap / kernel_side();
  uint right = tap - down * kernel_side();
  [[unroll]] for (uint i = 0u; i < DATA_LOADS; i++) {
    uint y = tops[i] + down;
    uint x = lefts[i] + right;
    bool inside = bases[i] != NOWHERE && y < p.in_height && x < p.in_width;
    octets[i] = inside ? (bases[i] + y * p.in_width + x) * (p.data_stride / 8u) + data_octet : NOWHERE;
  }
}

// Reads what the next block of the depth needs, while matrices of this one are multiplied.
void fetch_block(uint tap, uint channel) {
  bool has_data = channel + data_octet * 8u < p.channels;
  [[unroll]] for (uint i = 0u; i < DATA_LOADS; i++) {
    bool inside = has_data && octets[i] != NOWHERE;
    uint octet = octets[i] + channel / 8u;
    [[unroll]] for (uint part = 0u; part <= WIDE; part++) {
      uint j = i * (1 + WIDE) + part;
      next_data[j] = uvec4(0u);
      if (inside) next_data[j] = Octets(p.data).v[octet * (1 + WIDE) + part];
    }
  }
  uint padded = (p.outputs + 7u) / 8u;
  uint column = gl_WorkGroupID.x * WEIGHT_OCTETS + weight_octet;
  uint first = (tap * p.channels + channel + weight_row) * padded + column;
  [[unroll]] for (uint i = 0u; i < WEIGHT_LOADS; i++) {
    next_weights[i] = uvec4(0u);
    if (column < padded && channel + weight_row + i * WEIGHT_STEP < p.channels)
      next_weights[i] = Octets(p.weights).v[first + i * WEIGHT_STEP * padded];
  }
}

uvec2 narrowed(uvec4 quad) {
  vec4 x = uintBitsToFloat(quad) * WIDE_SCALE;
  return uvec2(packFloat2x16(f16vec2(x.xy)), packFloat2x16(f16vec2(x.zw)));
}

void store_block(uint buffer_start) {
  [[unroll]] for (uint i = 0u; i < DATA_LOADS; i++) {
    uvec4 octet = next_data[i * (1 + WIDE)];
    if (WIDE != 0u) octet = uvec4(narrowed(octet), narrowed(next_data[i * (1 + WIDE) + WIDE]));
    uint row = data_row + i * DATA_STEP;
    if ((i + 1u) * DATA_STEP <= ROWS || row < ROWS) shares[buffer_start + row * DATA_STRIDE + data_octet] = octet;
  }
  [[unroll]] for (uint i = 0u; i < WEIGHT_LOADS; i++) {
    uint row = weight_row + i * WEIGHT_STEP;
    if ((i + 1u) * WEIGHT_STEP <= DEPTH || row < DEPTH)
      shares[buffer_start + DATA_SIZE + row * WEIGHT_STRIDE + weight_octet] = next_weights[i];
  }
}

// Four results, or what lies of them within the matrix.
void finish(uint stage_quad, uint row, uint rows, uint column, uint pixel_count) {
  float scale = WIDE == 0u ? 1.0 : 1.0 / WIDE_SCALE;
  bool is_part = gl_NumWorkGroups.z > 1u;
  if (is_part) row += gl_WorkGroupID.z * rows;
  if ((p.flags & WHOLE_QUADS) != 0u) {
    vec4 sums = uintBitsToFloat(shares[stage_quad]) * scale;
    uint quad = (row * p.outputs + column) / 4u;
    if (is_part)
      Quads(p.result).v[quad] = sums;
    else
      store_quad(p.result, quad, (p.flags & HALF_OUTPUT) != 0u, finished_quad(sums, row, pixel_count, column));
  } else {
    for (uint i = 0u; i < 4u && column + i < p.outputs; i++) {
      float sum = uintBitsToFloat(shares[stage_quad][i]) * scale;
      uint index = row * p.outputs + column + i;
      if (is_part)
        p.result.v[index] = sum;
      else
        store(p.result, index, (p.flags & HALF_OUTPUT) != 0u, finished(sum, row, row / pixel_count, column + i));
    }
  }
}

void main() {
  uint row_in_tile = gl_SubgroupID / (COLUMNS / SUBGROUP_COLUMNS) * SUBGROUP_ROWS;
  uint column_in_tile = gl_SubgroupID % (COLUMNS / SUBGROUP_COLUMNS) * SUBGROUP_COLUMNS;
  coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator>
      sums[FRAGMENTS_DOWN * FRAGMENTS_ACROSS];
  [[unroll]] for (uint i = 0u; i < FRAGMENTS_DOWN * FRAGMENTS_ACROSS; i++)
    sums[i] = coopmat<float, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_COLUMNS, gl_MatrixUseAccumulator>(0.0);

  uint blocks = (p.channels + DEPTH - 1u) / DEPTH;
  uint block = gl_WorkGroupID.z * p.depth;
  uint last_block = min(block + p.depth, blocks * kernel_side() * kernel_side());
  uint tap = block / blocks;
  uint channel = (block - tap * blocks) * DEPTH;
  uint current = 0u;  // start of the buffer that is read
  find_rows();
  find_octets(tap);
  fetch_block(tap, channel);
  if (BUFFERS == 2u) store_block(0u);
  for (; block < last_block; block++) {
    barrier();
    if (BUFFERS == 1u) {
      store_block(0u);
      barrier();
    }
    bool has_next = block + 1u < last_block;
    if (has_next) {
      channel += DEPTH;
      if (channel >= p.channels) {
        channel = 0u;
        tap++;
        find_octets(tap);
      }
      fetch_block(tap, channel);
    }
    [[unroll]] for (uint k = 0u; k < DEPTH; k += FRAGMENT_DEPTH) {
      coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_DEPTH, FRAGMENT_COLUMNS, gl_MatrixUseB>
          weights[FRAGMENTS_ACROSS];
      [[unroll]] for (uint j = 0u; j < FRAGMENTS_ACROSS; j++)
        coopMatLoad(weights[j], shares,
                    current + DATA_SIZE + k * WEIGHT_STRIDE + (column_in_tile + j * FRAGMENT_COLUMNS) / 8u,
                    WEIGHT_STRIDE, gl_CooperativeMatrixLayoutRowMajor);
      [[unroll]] for (uint i = 0u; i < FRAGMENTS_DOWN; i++) {
        coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_ROWS, FRAGMENT_DEPTH, gl_MatrixUseA> data;
        coopMatLoad(data, shares, current + (row_in_tile + i * FRAGMENT_ROWS) * DATA_STRIDE + k / 8u, DATA_STRIDE,
                    gl_CooperativeMatrixLayoutRowMajor);
        [[unroll]] for (uint j = 0u; j < FRAGMENTS_ACROSS; j++)
          sums[i * FRAGMENTS_ACROSS + j] = coopMatMulAdd(data, weights[j], sums[i * FRAGMENTS_ACROSS + j]);
      }
    }
    if (BUFFERS == 2u) {
      current = BUFFER_SIZE - current;
      if (has_next) store_block(current);
    }
  }

  barrier();  // Results take the place of factors.
  uint pixel_count = p.out_height * p.out_width;
  uint rows = p.pictures * pixel_count;
  uint stage = gl_SubgroupID * STAGE_SIZE;
  [[dont_unroll]] for (uint strip = 0u; strip < FRAGMENTS_DOWN; strip++) {
    subgroupBarrier();
    [[unroll]] for (uint i = 0u; i < FRAGMENTS_DOWN; i++)
      if (i == strip)
        [[unroll]] for (uint j = 0u; j < FRAGMENTS_ACROSS; j++)
          coopMatStore(sums[i * FRAGMENTS_ACROSS + j], shares, stage + j * FRAGMENT_COLUMNS / 4u, STAGE_STRIDE,
                       gl_CooperativeMatrixLayoutRowMajor);
    subgroupBarrier();
    for (uint e = gl_SubgroupInvocationID; e < FRAGMENT_ROWS * STAGE_QUADS; e += SUBGROUP_SIZE) {
      uint row = gl_WorkGroupID.y * ROWS + row_in_tile + strip * FRAGMENT_ROWS + e / STAGE_QUADS;
      uint column = gl_WorkGroupID.x * COLUMNS + column_in_tile + e % STAGE_QUADS * 4u;
      if (row < rows && column < p.outputs)
        finish(stage + e / STAGE_QUADS * STAGE_STRIDE + e % STAGE_QUADS, row, rows, column, pixel_count);
    }
  }
}
