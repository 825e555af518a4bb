// Products and weights of attention, queries in lanes, for one pass of each_isa.h.
#include "vector.h"

// Products take elements of four bytes: float32, to which bfloat16 is widened while it is packed, or pairs of bfloat16
// where the processor multiplies them.
#undef IN_ELEMENT
#ifdef HAS_DOT
#define IN_ELEMENT 2
#else
#define IN_ELEMENT 1
#endif
#define ELEMENTS(numbers) (((numbers) + IN_ELEMENT - 1) / IN_ELEMENT)

// The tile of sums that stays in registers: ROWS keys or channels by up to VECTORS vectors of queries.
#define ROWS (LANES == 16 ? 8 : 4)
#define VECTORS (LANES == 16 ? 3 : 2)
// Elements of a sum that are multiplied at once, so that queries stay in the first-level cache.
#define DEPTH (LANES == 16 ? 96 : 256)
// Weights may be as large as 2^SLACK.
#define SLACK 8.0f
#define LOG2E 1.44269504088896341f

#ifndef UNROLL
#define UNROLL _Pragma("clang loop unroll(full)")
#endif

typedef float ISA(quad) __attribute__((vector_size(16)));
#define QUAD ISA(quad)

/// y if either is no number.
static inline VF ISA(greater)(VF x, VF y) { return ISA(select)(x > y, x, y); }

static inline int ISA(any)(VI mask) {
  int any = 0;
  for (int i = 0; i < LANES; i++) any |= mask[i];
  return any;
}

#ifdef HAS_DOT
static inline VF ISA(add_product)(VF sum, VF a, VF b) {
  return (VF)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
}
#else
static inline VF ISA(add_product)(VF sum, VF a, VF b) { return sum + a * b; }
#endif

/// sums[ROWS][width] (+)= factors[depth][ROWS] x panel[depth][width], in elements. `fresh` starts from zero. Each sum
/// runs over the depth in order. Not inlined, so that no other values want registers.
#define MULTIPLY(NAME, COUNT)                                                                                \
  __attribute__((noinline)) static void ISA(NAME)(const float *factors, const float *panel, long depth,      \
                                                  float *sums, int fresh) {                                  \
    VF acc[ROWS][COUNT];                                                                                     \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                                  \
      UNROLL for (int j = 0; j < COUNT; j++)                                                                 \
          acc[r][j] = fresh ? (VF){0} : ISA(load_float)(sums + (r * COUNT + j) * LANES);                     \
    }                                                                                                        \
    for (long k = 0; k < depth; k++) {                                                                       \
      VF b[COUNT];                                                                                           \
      UNROLL for (int j = 0; j < COUNT; j++) b[j] = ISA(load_float)(panel + (k * COUNT + j) * LANES);        \
      UNROLL for (int r = 0; r < ROWS; r++) {                                                                \
        VF factor = factors[k * ROWS + r] - (VF){0};                                                         \
        UNROLL for (int j = 0; j < COUNT; j++) acc[r][j] = ISA(add_product)(acc[r][j], factor, b[j]);        \
      }                                                                                                      \
    }                                                                                                        \
    UNROLL for (int r = 0; r < ROWS; r++) {                                                                  \
      UNROLL for (int j = 0; j < COUNT; j++) ISA(store_float)(sums + (r * COUNT + j) * LANES, acc[r][j]);    \
    }                                                                                                        \
  }
MULTIPLY(multiply1, 1)
MULTIPLY(multiply2, 2)
#if LANES == 16
MULTIPLY(multiply3, 3)
#endif
#undef MULTIPLY

static inline void ISA(multiply)(const float *factors, const float *panel, long depth, long vectors, float *sums,
                                 int fresh) {
  if (vectors == 1)
    ISA(multiply1)(factors, panel, depth, sums, fresh);
#if LANES == 16
  else if (vectors == 3)
    ISA(multiply3)(factors, panel, depth, sums, fresh);
#endif
  else
    ISA(multiply2)(factors, panel, depth, sums, fresh);
}

/// 2^x for x up to SLACK; NaN stays NaN. A polynomial on the fraction (fitted for the least relative error, 7.5e-8, or
/// 7.5e-5 where weights are rounded to bfloat16), times a power of two.
static inline VF ISA(weight)(VF x) {
#if defined(HAS_DOT)
  return ISA(power_of_two)(x);
#elif LANES == 16
  VF r = (VF)_mm512_reduce_ps((__m512)x, 9);  // x - floor(x)
  VF p = r * 1.877576673e-3f + 8.98934009e-3f;
  p = p * r + 5.582631805e-2f;
  p = p * r + 2.4015361705e-1f;
  p = p * r + 6.931530732e-1f;
  p = p * r + 9.999999251e-1f;
  return (VF)_mm512_scalef_ps((__m512)p, (__m512)x);
#else
  const float magic = 12582912.0f + 127;  // 1.5 * 2^23 rounds to an integer; 127 is the bias of exponents
  x = ISA(greater)((VF){0} - 127.0f, x);  // whose power comes out as zero
  VF n = x + magic, r = x - (n - magic);
  VF p = r * 1.3276472e-3f + 9.67554133e-3f;
  p = p * r + 5.550713274e-2f;
  p = p * r + 2.4022119724e-1f;
  p = p * r + 6.9314696706e-1f;
  p = p * r + 1.0000000717f;
  return p * (VF)((VI)n << 23);
#endif
}

#ifdef STORES_BF16
/// Two numbers a lane, rounded to bfloat16: the even one in the lower half.
static inline VF ISA(pairs)(VF even, VF odd) {
#ifdef HAS_DOT
  const __m512i lanes = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return (VF)_mm512_permutexvar_epi16(lanes, (__m512i)_mm512_cvtne2ps_pbh((__m512)odd, (__m512)even));
#else
  VI low = __builtin_convertvector(ISA(narrowed)(even), VI), high = __builtin_convertvector(ISA(narrowed)(odd), VI);
  return (VF)(low | high << 16);
#endif
}
#endif

/// The largest of a column of scores. What is no number does not count.
static inline VF ISA(largest)(const float *scores, long width, long count) {
  VF tops[4];
  UNROLL for (int i = 0; i < 4; i++) tops[i] = (VF){0} - __builtin_inff();
  long k = 0;
  for (; k + 4 <= count; k += 4) {
    UNROLL for (int i = 0; i < 4; i++) tops[i] = ISA(greater)(ISA(load_float)(scores + (k + i) * width), tops[i]);
  }
  for (; k < count; k++) tops[0] = ISA(greater)(ISA(load_float)(scores + k * width), tops[0]);
  return ISA(greater)(ISA(greater)(tops[0], tops[1]), ISA(greater)(tops[2], tops[3]));
}

/// Turns a column of scores into one of weights 2^(scale score + shift), elements of them. Returns their sum: as they
/// were rounded, so that a query's shares of values add up to one. In pairs, `count` is even.
static inline VF ISA(weigh)(float *scores, long width, long count, float scale, VF shift) {
  VF sum = {0};
  for (long k = 0; k < count; k += IN_ELEMENT) {
    VF weight = ISA(weight)(ISA(load_float)(scores + k * width) * scale + shift);
#ifdef HAS_DOT
    VF odd = ISA(weight)(ISA(load_float)(scores + (k + 1) * width) * scale + shift);
    weight = ISA(pairs)(weight, odd);
    sum = ISA(add_product)(sum, weight, (VF)((VI){0} + 0x3f803f80));  // ones
#else
    sum += weight;
#endif
    ISA(store_float)(scores + k / IN_ELEMENT * width, weight);
  }
  return sum;
}

static inline void ISA(transpose)(QUAD v[4]) {
  QUAD a = __builtin_shufflevector(v[0], v[1], 0, 4, 1, 5), b = __builtin_shufflevector(v[2], v[3], 0, 4, 1, 5);
  QUAD c = __builtin_shufflevector(v[0], v[1], 2, 6, 3, 7), d = __builtin_shufflevector(v[2], v[3], 2, 6, 3, 7);
  v[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  v[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
  v[2] = __builtin_shufflevector(c, d, 0, 1, 4, 5);
  v[3] = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

/// Four elements.
static inline QUAD ISA(load_elements)(const NUMBER *p) {
#if defined(STORES_BF16) && !defined(HAS_DOT)
  typedef NUMBER four __attribute__((vector_size(8)));
  typedef unsigned bits __attribute__((vector_size(16)));
  four numbers;
  memcpy(&numbers, p, sizeof numbers);
  return (QUAD)(__builtin_convertvector(numbers, bits) << 16);
#else
  QUAD elements;
  memcpy(&elements, p, sizeof elements);
  return elements;
#endif
}

/// Lays rows of `size` numbers across the columns of to[elements][width]. The last of `count` rows is there again for
/// those that are missing.
static inline void ISA(lay_across)(const NUMBER *rows, long stride, long count, long size, float *to, long width) {
  for (long q = 0; q < width; q += 4) {
    const NUMBER *row[4];
    QUAD v[4];
    UNROLL for (int i = 0; i < 4; i++) row[i] = rows + least(q + i, count - 1) * stride;
    long e = 0;
    for (; (e + 4) * IN_ELEMENT <= size; e += 4) {
      UNROLL for (int i = 0; i < 4; i++) v[i] = ISA(load_elements)(row[i] + e * IN_ELEMENT);
      ISA(transpose)(v);
      UNROLL for (int i = 0; i < 4; i++) memcpy(to + (e + i) * width + q, v + i, sizeof *v);
    }
    if (e >= ELEMENTS(size)) continue;
    for (int i = 0; i < 4; i++) {
      NUMBER last[4 * IN_ELEMENT] = {0};
      memcpy(last, row[i] + e * IN_ELEMENT, (size_t)(size - e * IN_ELEMENT) * sizeof *last);
      v[i] = ISA(load_elements)(last);
    }
    ISA(transpose)(v);
    for (int i = 0; e + i < ELEMENTS(size); i++) memcpy(to + (e + i) * width + q, v + i, sizeof *v);
  }
}

/// ROWS channels of a value, or of an even value and the odd one after it.
static inline void ISA(pack_value)(const NUMBER *value, const NUMBER *odd, float *to) {
#ifdef HAS_DOT
  typedef NUMBER eight __attribute__((vector_size(ROWS * 2)));
  eight a, b;
  memcpy(&a, value, sizeof a);
  memcpy(&b, odd, sizeof b);
  const eight pairs[2] = {__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11),
                          __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)};
  memcpy(to, pairs, sizeof pairs);
#else
  (void)odd;
  UNROLL for (int i = 0; i < ROWS; i += 4) {
    QUAD v = ISA(load_elements)(value + i);
    memcpy(to + i, &v, sizeof v);
  }
#endif
}

/// Packs values as [channels / ROWS][KEYS in elements][ROWS]. Missing channels, and an odd value that is missing, are
/// zeros.
static inline void ISA(pack_values)(const NUMBER *values, long stride, long count, long size, float *to) {
  for (long c = 0; c < size; c += ROWS, to += ROWS * ELEMENTS(KEYS))
    for (long k = 0; k < count; k += IN_ELEMENT) {
      NUMBER some[3][ROWS] = {0};
      const NUMBER *value = values + k * stride + c, *odd = k + 1 < count ? value + stride : some[2];
      if (size - c < ROWS) {
        value = memcpy(some[0], value, (size_t)(size - c) * sizeof *value);
        odd = memcpy(some[1], odd, (size_t)(size - c) * sizeof *odd);
      }
      ISA(pack_value)(value, odd, to + k / IN_ELEMENT * ROWS);
    }
}

/// Writes `count` queries' results, at most a vector of them: sums[channels][width] times `shares`, transposed.
static inline void ISA(finish)(float *sums, long width, long size, VF shares, long count, NUMBER *to, long stride) {
#ifdef STORES_BF16
  enum { SHARED = 2 };  // numbers of an element that is written
#else
  enum { SHARED = 1 };
#endif
  for (long c = 0; c < size; c += SHARED) {
    VF x = ISA(load_float)(sums + c * width) * shares;
#ifdef STORES_BF16
    x = ISA(pairs)(x, c + 1 < size ? ISA(load_float)(sums + (c + 1) * width) * shares : (VF){0});
#endif
    ISA(store_float)(sums + c / SHARED * width, x);
  }
  for (long q = 0; q < least(count, LANES); q += 4) {
    NUMBER *row = to + q * stride;
    QUAD v[4];
    long c = 0;
    for (; c + 4 * SHARED <= size; c += 4 * SHARED) {
      UNROLL for (int i = 0; i < 4; i++) memcpy(v + i, sums + (c / SHARED + i) * width + q, sizeof *v);
      ISA(transpose)(v);
      UNROLL for (int i = 0; i < 4; i++)
        if (q + i < count) memcpy(row + i * stride + c, v + i, sizeof *v);
    }
    for (; c < size; c += SHARED)
      for (int i = 0; i < 4 && q + i < count; i++)
        memcpy(row + i * stride + c, sums + c / SHARED * width + q + i, (size_t)least(SHARED, size - c) * sizeof *to);
  }
}
