// Bits of the push constant `flags`, and the activations (Activation in Op.swift).

const uint ACTIVATION = 7u;  // three bits
const uint HAS_BIAS = 8u;
const uint HAS_VECTOR = 16u;
const uint HAS_GATE = 32u;
const uint HAS_RESIDUAL_0 = 64u;
const uint HAS_RESIDUAL_1 = 128u;
const uint HALF_INPUT = 256u;
const uint HALF_OUTPUT = 512u;
const uint HALF_VECTOR = 1024u;
const uint HALF_GATE = 2048u;
const uint HALF_RESIDUAL_0 = 4096u;
const uint HALF_RESIDUAL_1 = 8192u;
const uint WHOLE_QUADS = 32768u;  // all rows begin at a multiple of four numbers

// Phi(x), the normal distribution, by the complementary error function of W. H. Press and others, "Numerical
// Recipes" (2nd edition, 6.2): fractional error below 1.2e-7 everywhere.
float normal_distribution(float x) {
  float z = abs(x) * 0.70710678118654752;
  float t = 1.0 / (1.0 + 0.5 * z);
  float series = -0.82215223 + t * 0.17087277;
  series = -1.13520398 + t * (1.48851587 + t * series);
  series = 0.09678418 + t * (-0.18628806 + t * (0.27886807 + t * series));
  series = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * series));
  float tail = 0.5 * t * exp(-z * z + series);
  return x < 0.0 ? tail : 1.0 - tail;
}

// Activations with numbers, which an epilogue has.
const uint LEAKY_RELU = 4u;
const uint PRELU = 5u;
const uint SCALED = 6u;

float activated(float x, uint function) {
  switch (function) {
    case 1u: return x / (1.0 + exp(-x));
    case 2u: return x * normal_distribution(x);
    case 3u: return x / (1.0 + exp(-1.702 * x));
    default: return x;
  }
}
