// Push constants of layer normalisation.
layout(push_constant, scalar) uniform Push {
  Floats data;
  Floats weight;
  Floats bias;
  Floats result;
  uint data_stride;  // numbers from one row to the next
  uint channels;
  uint rows;
  float epsilon;
  uint flags;
} p;

#include "activation.glsl"
