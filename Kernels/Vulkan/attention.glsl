// Push constants of attention: queries [pictures, queries, heads x HEAD], keys and values [pictures, keys, ...].
layout(push_constant, scalar) uniform Push {
  Floats query;
  Floats key;
  Floats value;
  Floats result;
  uint query_stride;  // numbers from one token to the next
  uint key_stride;
  uint value_stride;
  uint queries;
  uint keys;
  uint heads;
  float scale;
  uint causal;  // token i sees tokens 0 ... i alone
  uint half_data;  // bits: queries, keys, values, result
} p;

const uint HALF_QUERY = 1u;
const uint HALF_KEY = 2u;
const uint HALF_VALUE = 4u;
const uint HALF_RESULT = 8u;

// Compilers may assume that numbers are finite, and exp() may lose what is not. So scores are looked at as bits: the
// largest magnitude of a row tells whether its sum is a number.
uint magnitude(float score) { return floatBitsToUint(score) & 0x7fffffffu; }
float unless_broken(float sum, uint largest) {
  return largest < 0x7f800000u ? sum : uintBitsToFloat(0x7fc00000u);
}
