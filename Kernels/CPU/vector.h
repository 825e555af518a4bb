// Vectors of LANES floats for one pass of each_isa.h, and numbers as they are stored. Included inside the pass, once
// per pass.
#include <string.h>
#if LANES == 16
#include <immintrin.h>
#define FIRST(count) ((__mmask16)((1u << (count)) - 1))
#endif

#define VF ISA(vf)
#define VI ISA(vi)
typedef float VF __attribute__((vector_size(LANES * 4)));
typedef int VI __attribute__((vector_size(LANES * 4)));

static inline VF ISA(select)(VI mask, VF yes, VF no) {
  return (VF)((mask & (VI)yes) | (~mask & (VI)no));
}

static inline VF ISA(load_float)(const float *p) {
  VF v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline void ISA(store_float)(float *p, VF v) { memcpy(p, &v, sizeof v); }

/// Loads the first `count` floats, zeros after them.
static inline VF ISA(load_float_some)(const float *p, long count) {
#if LANES == 16
  return (VF)_mm512_maskz_loadu_ps(FIRST(count), p);
#else
  if (count == LANES) return ISA(load_float)(p);
  VF v = {0};
  memcpy(&v, p, (size_t)count * sizeof *p);
  return v;
#endif
}

// A number as it is stored.
#define NUMBER ISA(number)
#ifdef STORES_BF16
typedef unsigned short NUMBER;
typedef unsigned short ISA(numbers) __attribute__((vector_size(LANES * 2)));
typedef unsigned ISA(bits) __attribute__((vector_size(LANES * 4)));

static inline float ISA(widen)(NUMBER x) {
  unsigned bits = (unsigned)x << 16;
  float wide;
  memcpy(&wide, &bits, sizeof wide);
  return wide;
}

static inline VF ISA(widened)(ISA(numbers) x) { return (VF)(__builtin_convertvector(x, ISA(bits)) << 16); }

/// Rounded to the nearest, ties to even; NaN stays NaN.
static inline ISA(numbers) ISA(narrowed)(VF x) {
#ifdef HAS_DOT
  return (ISA(numbers))_mm512_cvtneps_pbh((__m512)x);
#else
  ISA(bits) bits = (ISA(bits))x, rounded = bits + 0x7fff + ((bits >> 16) & 1);
  rounded = (ISA(bits))ISA(select)(x == x, (VF)rounded, (VF)(bits | 0x400000));
  return __builtin_convertvector(rounded >> 16, ISA(numbers));
#endif
}

static inline VF ISA(load)(const NUMBER *p) {
  ISA(numbers) v;
  memcpy(&v, p, sizeof v);
  return ISA(widened)(v);
}

static inline void ISA(store)(NUMBER *p, VF x) {
  ISA(numbers) v = ISA(narrowed)(x);
  memcpy(p, &v, sizeof v);
}

static inline VF ISA(load_some)(const NUMBER *p, long count) {
#if LANES == 16
  return ISA(widened)((ISA(numbers))_mm256_maskz_loadu_epi16(FIRST(count), p));
#else
  if (count == LANES) return ISA(load)(p);
  ISA(numbers) v = {0};
  memcpy(&v, p, (size_t)count * sizeof *p);
  return ISA(widened)(v);
#endif
}

static inline void ISA(store_some)(NUMBER *p, VF x, long count) {
  ISA(numbers) v = ISA(narrowed)(x);
#if LANES == 16
  _mm256_mask_storeu_epi16(p, FIRST(count), (__m256i)v);
#else
  memcpy(p, &v, count == LANES ? sizeof v : (size_t)count * sizeof *p);
#endif
}
#else
typedef float NUMBER;
static inline float ISA(widen)(NUMBER x) { return x; }
static inline VF ISA(load)(const NUMBER *p) { return ISA(load_float)(p); }
static inline VF ISA(load_some)(const NUMBER *p, long count) { return ISA(load_float_some)(p, count); }
static inline void ISA(store)(NUMBER *p, VF v) { ISA(store_float)(p, v); }
static inline void ISA(store_some)(NUMBER *p, VF v, long count) {
#if LANES == 16
  _mm512_mask_storeu_ps(p, FIRST(count), (__m512)v);
#else
  memcpy(p, &v, count == LANES ? sizeof v : (size_t)count * sizeof *p);
#endif
}
#endif

static inline float ISA(sum)(VF v) {
  float s = 0;
  for (int i = 0; i < LANES; i++) s += v[i];
  return s;
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

#ifdef HAS_DOT
/// 2^x, as exact as bfloat16 needs: a cubic on the fraction (fitted for the least relative error, 7.5e-5), times a power
/// of two. NaN stays NaN.
static inline VF ISA(power_of_two)(VF x) {
  VF r = (VF)_mm512_reduce_ps((__m512)x, 9);  // x - floor(x)
  VF p = ((r * 0.07802452f + 0.22606716f) * r + 0.69583354f) * r + 0.99992522f;
  return (VF)_mm512_scalef_ps((__m512)p, (__m512)x);
}
#endif
#undef FIRST
