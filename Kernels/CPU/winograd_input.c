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

static inline float ISA(largest_lane)(VF v) {
  float most = v[0];
  for (int i = 1; i < LANES; i++) most = v[i] > most ? v[i] : most;
  return most;
}

/// Scales each place's channels and stores them as whole numbers. A lane's sum of squares tells how large its largest
/// number may be, which must not leave 16 bits.
static void ISA(quantise)(const dk_winograd *w, const float *numbers, const VF *squares, char *block, long row) {
  float *scales = (float *)(block + w->scales) + row;
  for (long p = 0; p < w->places; p++) {
    float length = sqrtf(ISA(sum)(squares[p])), peak = sqrtf(ISA(largest_lane)(squares[p]));
    // 2^15.45, and a bound for what is nothing beside other places.
    float scale = fminf(44762.0f / fmaxf(length, 0x1p-60f), 32767.0f / fmaxf(peak, 0x1p-60f));
    scales[p * w->rows] = 1 / scale;
    const float *from = numbers + p * w->stored;
    short *to = (short *)(block + p * w->plane) + row * w->stored;
    for (long c = 0; c < w->stored; c += LANES) ISA(store_wholes)(to + c, ISA(load_float)(from + c) * scale);
  }
}
#endif

/// Transforms all channels of a window: as they are to the block, or, if whole numbers are wanted, to `numbers`. Returns
/// the sum of all squares; `squares` gets those of each place.
INLINE float ISA(transform)(const dk_winograd *w, long channels, const NUMBER *const *pixels, char *block, long row,
                            float *numbers, VF *squares, const int edge) {
  VF window[6 * 6], points[6 * 6], all = {0};
  UNROLL for (int p = 0; p < edge * edge; p++) squares[p] = (VF){0};
  for (long c = 0; c < channels; c += LANES) {
    long some = channels - c < LANES ? channels - c : LANES;
    if (some == LANES) {
      UNROLL for (int p = 0; p < edge * edge; p++) window[p] = ISA(load)(pixels[p] + c);
    } else {
      for (int p = 0; p < edge * edge; p++) window[p] = ISA(load_some)(pixels[p] + c, some);
    }
    ISA(window_to_points)(window, points, edge);
    UNROLL for (int p = 0; p < edge * edge; p++) {
#ifdef STORES_BF16
      ISA(store_float)(numbers + p * w->stored + c, points[p]);
#else
      ISA(store_float)((float *)(block + p * w->plane) + row * w->stored + c, points[p]);
#endif
      squares[p] += points[p] * points[p];
    }
  }
  for (long p = 0; p < edge * edge; p++) all += squares[p];
  (void)block, (void)row, (void)numbers;
  return ISA(sum)(all);
}

static float ISA(transform_window)(const dk_winograd *w, long channels, const NUMBER *const *pixels, char *block,
                                   long row, float *numbers, VF *squares) {
#ifdef STORES_BF16
  // Zeros after the channels.
  long filled = (channels + LANES - 1) / LANES * LANES;
  for (long p = 0; filled < w->stored && p < w->places; p++)
    memset(numbers + p * w->stored + filled, 0, (size_t)(w->stored - filled) * 4);
  if (w->edge == 4) return ISA(transform)(w, channels, pixels, block, row, numbers, squares, 4);
#endif
  return ISA(transform)(w, channels, pixels, block, row, numbers, squares, 6);
}

static void ISA(input)(const dk_convolution *c, const dk_winograd *w, long tile, char *block, long row,
                       char *scratch) {
  const NUMBER *pixels[6 * 6];
  VF squares[6 * 6];
  float *numbers = (float *)scratch;
  NUMBER *copy = (NUMBER *)scratch;
  int *exponent = (int *)(block + w->marks) + row, *mask = exponent + w->rows;
  *exponent = *mask = 0;
#ifdef STORES_BF16
  copy += w->places * w->stored * 2;
#endif
  ISA(window)(c, w, tile, pixels);
  float all = ISA(transform_window)(w, c->channels, pixels, block, row, numbers, squares);
  if (!(all >= least_square && all <= most_square)) {
    *mask = ISA(seen)(ISA(tame_window)(pixels, w->places, c->channels, copy, exponent), w->edge);
    ISA(transform_window)(w, c->channels, pixels, block, row, numbers, squares);
  }
#ifdef STORES_BF16
  ISA(quantise)(w, numbers, squares, block, row);
#endif
  if (tile + 1 < w->tiles) return;
  // Rows that kernels read, though no tile is there.
  for (long p = 0; p < w->places && row + 1 < w->rows; p++)
    memset(block + p * w->plane + (row + 1) * w->stored * (long)sizeof(NUMBER), 0,
           (size_t)((w->rows - row - 1) * w->stored) * sizeof(NUMBER));
}
#undef INLINE
#endif
