// Windows with numbers that are too large or too small to be squared, or not finite, for one pass of each_isa.h.
// Included after vector.h.

/// 2^exponent, for -126 to 127.
static inline float ISA(power)(int exponent) {
  int bits = (exponent + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

/// Copies a window times a power of two that brings its largest number near one, and lets `pixels` point to the copy.
/// What is not finite becomes zero; the bits of pixels that have such are returned. The power is 2^-exponent.
static long ISA(tame_window)(const NUMBER **pixels, long count, long channels, NUMBER *copy, int *exponent) {
  const VI infinite = (VI){0} + 0x7f800000;
  VI most = {0};
  long bad = 0;
  for (long i = 0; i < count; i++) {
    VI spoilt = {0};
    for (long c = 0; c < channels; c += LANES) {
      VI bits = (VI)ISA(load_some)(pixels[i] + c, channels - c < LANES ? channels - c : LANES) & 0x7fffffff;
      spoilt |= bits >= infinite;
      bits &= bits < infinite;
      most = (VI)ISA(select)(bits > most, (VF)bits, (VF)most);
    }
    for (int j = 0; j < LANES; j++) bad |= (long)(spoilt[j] & 1) << i;
  }
  int largest = 0;
  for (int j = 0; j < LANES; j++) largest = most[j] > largest ? most[j] : largest;
  *exponent = largest == 0 ? 0 : (largest >> 23) - 127;
  // Two powers, since one of them might be no float.
  float once = ISA(power)(-*exponent / 2), again = ISA(power)(-*exponent + *exponent / 2);
  for (long i = 0; i < count; i++) {
    for (long c = 0; c < channels; c += LANES) {
      long some = channels - c < LANES ? channels - c : LANES;
      VF x = ISA(load_some)(pixels[i] + c, some);
      VI is_finite = ((VI)x & 0x7fffffff) < infinite;
      ISA(store_some)(copy + i * channels + c, ISA(select)(is_finite, x, (VF){0}) * once * again, some);
    }
    pixels[i] = copy + i * channels;
  }
  return bad;
}

/// Bits of the outputs that see a pixel of `bad`.
static int ISA(seen)(long bad, long edge) {
  long side = edge - 2;
  int outputs = 0;
  for (long i = 0; i < edge * edge; i++)
    for (long y = i / edge - 2; bad >> i & 1 && y <= i / edge; y++)
      for (long x = i % edge - 2; x <= i % edge; x++)
        if (y >= 0 && y < side && x >= 0 && x < side) outputs |= 1 << (y * side + x);
  return outputs;
}
