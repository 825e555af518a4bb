#version 450
// Multiplies and adds in registers, to measure how fast float32 arithmetic is: 16 operations a round and thread.
#extension GL_GOOGLE_include_directive : require
#include "common.glsl"

layout(local_size_x = ELEMENT_THREADS) in;

layout(push_constant, scalar) uniform Push {
  Floats result;
  uint rounds;
  float factor;
} p;

void main() {
  vec4 a = vec4(float(element()), 1.0, 2.0, 3.0), b = a + 1.0;
  for (uint i = 0u; i < p.rounds; i++) {
    a = fma(a, vec4(p.factor), b);
    b = fma(b, vec4(p.factor), a);
  }
  // Keeps the loop from being left out.
  if (a.x + b.y == 0.123) p.result.v[0] = a.z;
}
