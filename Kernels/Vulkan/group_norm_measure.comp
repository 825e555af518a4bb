#version 450
// First pass of group normalisation: mean and squared differences of each group in a chunk of the pixels.
// One work group a chunk, picture and block of whole groups; its threads walk down the pixels, so that reads lie side
// by side.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "common.glsl"
#include "group_norm.glsl"

const uint THREADS = 256u;
layout(local_size_x = 256) in;

// Whether channels, strides and addresses allow reading four numbers at once. A block's width is a multiple of four
// then, and has no more quads than there are threads.
layout(constant_id = 0) const bool QUADS = false;
const uint STEP = QUADS ? 4 : 1;
const uint LOADS = 4;  // at once

shared vec4 sums[THREADS];
shared vec4 squares[THREADS];

uint picture = gl_WorkGroupID.y;
uint first = gl_WorkGroupID.x * p.chunk_pixels;
uint last = min(first + p.chunk_pixels, p.pixels);
uint width = p.channels / p.groups;

vec4 read(uint pixel, uint channel) {
  uint index = (picture * p.pixels + pixel) * p.data_stride + channel;
  bool half_data = (p.flags & HALF_INPUT) != 0u;
  if (QUADS) return fetch_quad(p.data, index / 4u, half_data);
  return vec4(fetch(p.data, index, half_data), 0.0, 0.0, 0.0);
}

// A group's first number in the chunk. Sums are of differences from it, so that no digits are lost.
float origin(uint channel) {
  uint index = (picture * p.pixels + first) * p.data_stride + channel / width * width;
  return fetch(p.data, index, (p.flags & HALF_INPUT) != 0u);
}

float part(uint index, bool squared) {
  vec4 quad = squared ? squares[index / STEP] : sums[index / STEP];
  return quad[index % STEP];
}

void main() {
  uint first_group = gl_WorkGroupID.z * p.block_groups;
  uint block_groups = min(p.block_groups, p.groups - first_group);
  uint columns = block_groups * width / STEP;
  // A group that is wider than the threads is a block, and threads have several columns of it.
  uint side = min(columns, THREADS);
  uint lanes = THREADS / side;
  uint lane = gl_LocalInvocationIndex / side;
  vec4 sum = vec4(0.0);
  vec4 square = vec4(0.0);
  for (uint column = gl_LocalInvocationIndex % side; lane < lanes && column < columns; column += side) {
    uint channel = first_group * width + column * STEP;
    vec4 shift = vec4(origin(channel), 0.0, 0.0, 0.0);
    if (QUADS) shift.yzw = vec3(origin(channel + 1u), origin(channel + 2u), origin(channel + 3u));
    for (uint pixel = first + lane; pixel < last; pixel += LOADS * lanes) {
      vec4 x[LOADS];
      [[unroll]] for (uint i = 0u; i < LOADS; i++) {
        x[i] = shift;
        if (pixel + i * lanes < last) x[i] = read(pixel + i * lanes, channel);
      }
      [[unroll]] for (uint i = 0u; i < LOADS; i++) {
        vec4 difference = x[i] - shift;
        sum += difference;
        square = fma(difference, difference, square);
      }
    }
  }
  sums[gl_LocalInvocationIndex] = sum;
  squares[gl_LocalInvocationIndex] = square;
  barrier();
  if (gl_LocalInvocationIndex < side) {
    for (uint i = 1u; i < lanes; i++) {
      sum += sums[i * side + gl_LocalInvocationIndex];
      square += squares[i * side + gl_LocalInvocationIndex];
    }
    sums[gl_LocalInvocationIndex] = sum;
    squares[gl_LocalInvocationIndex] = square;
  }
  barrier();
  for (uint i = gl_LocalInvocationIndex; i < block_groups; i += THREADS) {
    float total = 0.0, square_total = 0.0;
    for (uint c = 0u; c < min(width, THREADS * STEP); c++) {
      total += part(i * width + c, false);
      square_total += part(i * width + c, true);
    }
    float count = float((last - first) * width);
    uint at = (picture * p.chunks + gl_WorkGroupID.x) * p.groups + first_group + i;
    p.statistics.v[2u * at] = origin((first_group + i) * width) + total / count;
    p.statistics.v[2u * at + 1u] = max(0.0, square_total - total * total / count);
  }
}
