#ifndef ISA_PASS
#include "winograd.h"

#include <math.h>
#include <string.h>

// Squares of a window's numbers that may be summed up in float32: others are scaled first.
static const float least_square = 0x1p-80f, most_square = 0x1p120f;

#define SELF "winograd_input.c"
#include "each_isa.h"

/// A transformed window in float32, and a copy of its pixels.
long dk_winograd_input_scratch(const dk_convolution *c, const dk_winograd *w) {
  int is_float32 = c->packing == dk_winograd4_float32;
  return w->places * w->stored * (is_float32 ? 4 : 4 + 2);
}

void dk_winograd_input(const dk_convolution *c, const dk_winograd *w, long tile, char *block, long row, char *scratch) {
  if (c->packing == dk_winograd4_float32)
    DISPATCH(input, dk_float32)(c, w, tile, block, row, scratch);
  else
    DISPATCH(input, dk_bfloat16)(c, w, tile, block, row, scratch);
}

#else
#include "vector.h"

#undef UNROLL
#define UNROLL _Pragma("clang loop unroll(full)")
#include "winograd_extremes.h"
#include "winograd_transforms.h"

/// Where the pixels of a tile's window lie.
static void ISA(window)(const dk_convolution *c, const dk_winograd *w, long tile, const NUMBER **pixels) {
  long picture = tile / (w->across * w->down);
  long top = tile / w->across % w->down * w->side - c->pad_top, left = tile % w->across * w->side - c->pad_left;
  for (long i = 0; i < w->places; i++) {
    long y = top + i / w->edge, x = left + i % w->edge;
    int inside = y >= 0 && y < c->in_height && x >= 0 && x < c->in_width;
    pixels[i] = inside ? (const NUMBER *)c->input + ((picture * c->in_height + y) * c->in_width + x) * c->pixel_stride
                       : c->zeros;
  }
}

#ifdef STORES_BF16
typedef short ISA(wholes) __attribute__((vector_size(LANES * 2)));

/// Rounded to the nearest.
static inline void ISA(store_wholes)(short *to, VF x) {
#if LANES == 16
  _mm256_storeu_si256((__m256i_u *)to, _mm512_cvtepi32_epi16(_mm512_cvtps_epi32((__m512)x)));
#else
  // 1.5 * 2^23 brings the whole number into the lower bits.
  ISA(wholes) wholes = __builtin_convertvector((VI)(x + 12582912.0f), ISA(wholes));
  memcpy(to, &wholes, sizeof wholes);
#endif
}

// A vector with its lanes moved on by `n`.
#undef MOVED
#if LANES == 16
#define MOVED(v, n)                                                                                                \
  __builtin_shufflevector(v, v, (0 + n) % 16, (1 + n) % 16, (2 + n) % 16, (3 + n) % 16, (4 + n) % 16, (5 + n) % 16, \
                          (6 + n) % 16, (7 + n) % 16, (8 + n) % 16, (9 + n) % 16, (10 + n) % 16, (11 + n) % 16,     \
                          (12 + n) % 16, (13 + n) % 16, (14 + n) % 16, (15 + n) % 16)
#elif LANES == 8
#define MOVED(v, n)                                                                                          \
  __builtin_shufflevector(v, v, (0 + n) % 8, (1 + n) % 8, (2 + n) % 8, (3 + n) % 8, (4 + n) % 8, (5 + n) % 8, \
                          (6 + n) % 8, (7 + n) % 8)
#else
#define MOVED(v, n) __builtin_shufflevector(v, v, (0 + n) % 4, (1 + n) % 4, (2 + n) % 4, (3 + n) % 4)
#endif

static inline VF ISA(larger)(VF a, VF b) { return ISA(select)(a > b, a, b); }

/// The sum and the largest of a vector's lanes.
static inline void ISA(fold)(VF v, float *sum, float *largest) {
  VF most = v;
  if (LANES > 8) v += MOVED(v, 8), most = ISA(larger)(most, MOVED(most, 8));
  if (LANES > 4) v += MOVED(v, 4), most = ISA(larger)(most, MOVED(most, 4));
  v += MOVED(v, 2), most = ISA(larger)(most, MOVED(most, 2));
  v += MOVED(v, 1), most = ISA(larger)(most, MOVED(most, 1));
  *sum = v[0];
  *largest = most[0];
}

/// Factors that bring each place's channels to whole numbers of the right length. A lane's sum of squares tells how
/// large its largest number may be, which must not leave 16 bits.
static void ISA(find_factors)(const dk_winograd *w, long channels, const float *numbers, float *factors) {
  float lengths[48] = {0}, peaks[48] = {0};
  for (long p = 0; p < w->places; p++) {
    const float *from = numbers + p * w->stored;
    VF even = {0}, odd = {0};
    for (long c = 0; c < channels; c += 2 * LANES) {
      VF x = ISA(load_float)(from + c);
      even += x * x;
      if (c + LANES >= channels) break;
      x = ISA(load_float)(from + c + LANES);
      odd += x * x;
    }
    ISA(fold)(even + odd, lengths + p, peaks + p);
  }
  // 2^15.45, and a bound for what is nothing beside other places.
  const VF longest = (VF){0} + 44762.0f, largest = (VF){0} + 32767.0f, least = (VF){0} + 0x1p-60f;
  for (long p = 0; p < w->places; p += LANES) {
    VF length = ISA(larger)(__builtin_elementwise_sqrt(ISA(load_float)(lengths + p)), least);
    VF peak = ISA(larger)(__builtin_elementwise_sqrt(ISA(load_float)(peaks + p)), least);
    VF factor = longest / length, bound = largest / peak;
    ISA(store_float)(factors + p, ISA(select)(factor < bound, factor, bound));
  }
}

/// Scales each place's channels and stores them as whole numbers.
static void ISA(quantise)(const dk_winograd *w, long channels, const float *numbers, char *block, long row) {
  float factors[48], *scales = (float *)(block + w->scales) + row;
  ISA(find_factors)(w, channels, numbers, factors);
  for (long p = 0; p < w->places; p++) {
    const float *from = numbers + p * w->stored;
    short *to = (short *)(block + p * w->plane) + row * w->stored;
    scales[p * w->rows] = 1 / factors[p];
    long c = 0;
    for (; c < channels; c += LANES) ISA(store_wholes)(to + c, ISA(load_float)(from + c) * factors[p]);
    for (; c < w->stored; c++) to[c] = 0;
  }
}
#endif

/// Transforms a window's `some` channels from `channel` on, columns first, then lines.
INLINE void ISA(window_to_points)(const NUMBER *const *pixels, long channel, long some, VF *points, const int edge) {
  VF half[6 * 6], column[6];
  UNROLL for (int x = 0; x < edge; x++) {
    UNROLL for (int y = 0; y < edge; y++) {
      const NUMBER *from = pixels[y * edge + x] + channel;
      column[y] = some == LANES ? ISA(load)(from) : ISA(load_some)(from, some);
    }
    ISA(to_points)(column, 1, half + x, edge, edge);
  }
  UNROLL for (int y = 0; y < edge; y++) ISA(to_points)(half + y * edge, 1, points + y * edge, 1, edge);
}

/// Transforms all channels of a window: numbers go to `to`, `plane` floats from place to place. Returns the sum of
/// their squares.
INLINE float ISA(transform)(const NUMBER *const *pixels, long channels, float *to, long plane, const int edge) {
  VF squares[4] = {0};
  for (long c = 0; c < channels; c += LANES) {
    VF points[6 * 6];
    if (channels - c >= LANES)
      ISA(window_to_points)(pixels, c, LANES, points, edge);
    else
      ISA(window_to_points)(pixels, c, channels - c, points, edge);
    UNROLL for (int p = 0; p < edge * edge; p++) {
      ISA(store_float)(to + p * plane + c, points[p]);
      squares[p % 4] += points[p] * points[p];
    }
  }
  return ISA(sum)((squares[0] + squares[1]) + (squares[2] + squares[3]));
}

static float ISA(transform_window)(const NUMBER *const *pixels, long channels, float *to, long plane, long edge) {
#ifdef STORES_BF16
  if (edge == 4) return ISA(transform)(pixels, channels, to, plane, 4);
#endif
  (void)edge;
  return ISA(transform)(pixels, channels, to, plane, 6);
}

static void ISA(input)(const dk_convolution *c, const dk_winograd *w, long tile, char *block, long row,
                       char *scratch) {
  const NUMBER *pixels[6 * 6];
  int *exponent = (int *)(block + w->marks) + row, *mask = exponent + w->rows;
#ifdef STORES_BF16
  float *numbers = (float *)scratch;
  const long plane = w->stored;
  NUMBER *copy = (NUMBER *)(numbers + w->places * plane);
#else
  float *numbers = (float *)block + row * w->stored;
  const long plane = w->plane / 4;
  NUMBER *copy = (NUMBER *)scratch;
#endif
  *exponent = *mask = 0;
  ISA(window)(c, w, tile, pixels);
  float all = ISA(transform_window)(pixels, c->channels, numbers, plane, w->edge);
  if (!(all >= least_square && all <= most_square)) {
    *mask = ISA(seen)(ISA(tame_window)(pixels, w->places, c->channels, copy, exponent), w->edge);
    ISA(transform_window)(pixels, c->channels, numbers, plane, w->edge);
  }
#ifdef STORES_BF16
  ISA(quantise)(w, c->channels, numbers, block, row);
#endif
  if (tile + 1 < w->tiles) return;
  // Rows that kernels read, though no tile is there.
  for (long p = 0; p < w->places && row + 1 < w->rows; p++)
    memset(block + p * w->plane + (row + 1) * w->stored * (long)sizeof(NUMBER), 0,
           (size_t)((w->rows - row - 1) * w->stored) * sizeof(NUMBER));
}
#undef INLINE
#endif
