// Vectors of LANES floats for one pass of each_isa.h. Included inside the pass, once per pass.
#include <string.h>

#define VF ISA(vf)
#define VI ISA(vi)
typedef float VF __attribute__((vector_size(LANES * 4)));
typedef int VI __attribute__((vector_size(LANES * 4)));

static inline VF ISA(load)(const float *p) {
  VF v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void ISA(store)(float *p, VF v) { memcpy(p, &v, sizeof v); }

/// Loads the first `count` floats, zeros after them.
static inline VF ISA(load_some)(const float *p, long count) {
  VF v = {0};
  memcpy(&v, p, (size_t)count * sizeof *p);
  return v;
}

static inline void ISA(store_some)(float *p, VF v, long count) {
  memcpy(p, &v, (size_t)count * sizeof *p);
}

static inline float ISA(sum)(VF v) {
  float s = 0;
  for (int i = 0; i < LANES; i++) s += v[i];
  return s;
}

static inline VF ISA(select)(VI mask, VF yes, VF no) {
  return (VF)((mask & (VI)yes) | (~mask & (VI)no));
}

/// exp: 2^round(x/ln 2) times a polynomial on the rest (coefficients of Cephes' expf), relative error
/// under 2e-7. Below -87 the result is zero, above 88 it is that of 88; NaN stays NaN.
static inline VF ISA(exp)(VF x) {
  const VF zero = {0};
  VI tiny = x < -87.0f;
  x = ISA(select)(x > 88.0f, zero + 88.0f, x);
  x = ISA(select)(tiny, zero, x);
  VF n = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;  // 1.5 * 2^23: rounds to an integer
  VF r = x - n * 0.693359375f + n * 2.12194440e-4f;  // ln 2 in two parts
  VF p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  VI finite = x == x;
  VI bits = ((__builtin_convertvector(ISA(select)(finite, n, zero), VI)) + 127) << 23;
  return ISA(select)(finite, ISA(select)(tiny, zero, p * (VF)bits), x);
}
