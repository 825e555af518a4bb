#version 450
// Rounds pictures to bytes: x/2 + 0.5, cut to 0...1, times 255, ties to even. Each thread rounds 16 values, four a
// word, and tells in the bits of one more word which of them were not finite.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

layout(buffer_reference, scalar, buffer_reference_align = 4) buffer Words { uint v[]; };

layout(push_constant, scalar) uniform Push {
  Floats data;
  Words bytes;
  Words broken;
  uint count;
  uint half_data;
} p;

void main() {
  uint thread = element();
  if (thread * 16u >= p.count) return;
  uint broken = 0u;
  for (uint word = 0u; word < 4u; word++) {
    uint bytes = 0u;
    for (uint byte = 0u; byte < 4u; byte++) {
      uint place = word * 4u + byte;
      uint index = thread * 16u + place;
      float x = index < p.count ? fetch(p.data, index, p.half_data != 0u) : 0.0;
      // Looked at as bits, since compilers may assume that numbers are finite.
      if ((floatBitsToUint(x) & 0x7f800000u) == 0x7f800000u) {
        broken |= 1u << place;
        continue;
      }
      precise float unit = clamp(x / 2.0 + 0.5, 0.0, 1.0) * 255.0;
      bytes |= uint(roundEven(unit)) << (8u * byte);
    }
    p.bytes.v[thread * 4u + word] = bytes;
  }
  p.broken.v[thread] = broken;
}
