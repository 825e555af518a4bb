#ifndef ISA_PASS
#include "norm.h"

#include <math.h>

// A piece is about 64 KiB of pixels, and enough of them that a channel's moments outweigh their merging.
enum { PIECE = 16 << 10, PIECE_PIXELS = 64, LAYER_ROWS = 16, WIDEST = 16 };

static long least(long a, long b) { return a < b ? a : b; }
static long piece_pixels(const dk_group_norm *n) {
  return n->channels * PIECE_PIXELS < PIECE ? PIECE / n->channels : PIECE_PIXELS;
}
static long pieces(const dk_group_norm *n) { return (n->pixels + piece_pixels(n) - 1) / piece_pixels(n); }

// Scratch: for each picture a scale and a shift per channel; for each piece a mean and a sum of squared deviations per
// channel, of which those of the groups stay in the first places. Channels are filled up to the widest vector.
static long stored(const dk_group_norm *n) { return (n->channels + WIDEST - 1) / WIDEST * WIDEST; }
static float *scales(const dk_group_norm *n, long picture) { return n->statistics + picture * 2 * stored(n); }
static float *piece_statistics(const dk_group_norm *n, long item) {
  return n->statistics + (n->pictures + item) * 2 * stored(n);
}

long dk_group_norm_items(const dk_group_norm *n) { return n->pictures * pieces(n); }
long dk_group_norm_scratch(const dk_group_norm *n) {
  return 2 * stored(n) * (n->pictures + dk_group_norm_items(n));
}
long dk_layer_norm_items(const dk_layer_norm *n) { return (n->rows + LAYER_ROWS - 1) / LAYER_ROWS; }

/// Pixels of an item: their number and the first one's index over all pictures.
static long item_pixels(const dk_group_norm *n, long item, long *first) {
  long start = item % pieces(n) * piece_pixels(n);
  *first = item / pieces(n) * n->pixels + start;
  return least(piece_pixels(n), n->pixels - start);
}

/// How many numbers, their mean, and the sum of their squared deviations from it.
typedef struct {
  double count, mean, squares;
} moments;

static moments merged(moments a, double count, float mean, float squares) {
  double delta = mean - a.mean, both = a.count + count;
  return (moments){both, a.mean + delta * count / both, a.squares + squares + delta * delta * a.count * count / both};
}

/// Of a group, over all pieces of a picture.
static moments of_picture(const dk_group_norm *n, long picture, long group) {
  moments all = {0};
  for (long p = 0; p < pieces(n); p++) {
    long item = picture * pieces(n) + p, first, count = item_pixels(n, item, &first) * (n->channels / n->groups);
    const float *s = piece_statistics(n, item);
    all = merged(all, (double)count, s[group], s[stored(n) + group]);
  }
  return all;
}

static void set_scales(const dk_group_norm *n, long picture, long group, moments all) {
  long size = n->channels / n->groups;
  float *scale = scales(n, picture), *shift = scale + stored(n);
  double inverse = 1 / sqrt(all.squares / all.count + n->epsilon);
  for (long c = group * size; c < (group + 1) * size; c++) {
    scale[c] = (float)(n->weight[c] * inverse);
    shift[c] = (float)(n->bias[c] - all.mean * n->weight[c] * inverse);
  }
}

void dk_group_norm_merge(const dk_group_norm *n, long picture) {
  for (long g = 0; g < n->groups; g++) set_scales(n, picture, g, of_picture(n, picture, g));
}

void dk_group_norm_moments(const dk_group_norm *n) {
  for (long g = 0; g < n->groups; g++) {
    moments all = of_picture(n, 0, g);
    n->moments[2 * g] = (float)all.mean;
    n->moments[2 * g + 1] = (float)all.squares;
  }
}

void dk_group_norm_merge_strips(const dk_group_norm *n) {
  for (long g = 0; g < n->groups; g++) {
    moments all = {0};
    const float *strip = n->moments;
    for (long at = 0; at < n->picture_pixels; at += n->strip_pixels, strip += 2 * n->groups) {
      long count = least(n->strip_pixels, n->picture_pixels - at) * (n->channels / n->groups);
      all = merged(all, (double)count, strip[2 * g], strip[2 * g + 1]);
    }
    set_scales(n, 0, g, all);
  }
}

#define SELF "norm.c"
#include "each_isa.h"

void dk_group_norm_measure(const dk_group_norm *n, long item) { DISPATCH(measure, n->storage)(n, item); }
void dk_group_norm_apply(const dk_group_norm *n, long item) { DISPATCH(apply, n->storage)(n, item); }
void dk_layer_norm_item(const dk_layer_norm *n, long item) { DISPATCH(layer_norm, n->storage)(n, item); }

#else
#include "epilogue.h"

// Pixels that are measured together: as many as there are registers for.
#undef MEASURED
#define MEASURED 8

/// Adds `rows` pixels' `count` channels to the moments of the `before` pixels before them: one pass over memory, two
/// over registers, so that numbers far from zero lose nothing.
static inline void ISA(add_pixels)(const NUMBER *from, long stride, int rows, long before, long count, float *means,
                                   float *squares) {
  VF x[MEASURED], sum = {0}, deviations = {0};
  float share = 1 / (float)rows, part = (float)rows / (float)(before + rows);
  for (int i = 0; i < rows; i++) {
    x[i] = count == LANES ? ISA(load)(from + i * stride) : ISA(load_some)(from + i * stride, count);
    sum += x[i];
  }
  VF mean = sum * share;
  for (int i = 0; i < rows; i++) deviations += (x[i] - mean) * (x[i] - mean);
  VF old = ISA(load_float)(means), delta = mean - old;
  if (before == 0) old = delta = (VF){0}, part = 0;
  ISA(store_float)(means, before == 0 ? mean : old + delta * part);
  ISA(store_float)(squares, ISA(load_float)(squares) + deviations + delta * delta * (part * (float)before));
}

/// The same for all channels.
static inline void ISA(add_rows)(const dk_group_norm *n, const NUMBER *from, int rows, long before, float *means,
                                 float *squares) {
  long c = 0;
  for (; c + LANES <= n->channels; c += LANES)
    ISA(add_pixels)(from + c, n->pixel_stride, rows, before, LANES, means + c, squares + c);
  if (c < n->channels)
    ISA(add_pixels)(from + c, n->pixel_stride, rows, before, n->channels - c, means + c, squares + c);
}

/// Mean and sum of squared deviations of each group over the pixels of a piece.
static void ISA(measure)(const dk_group_norm *n, long item) {
  long size = n->channels / n->groups, first, count = item_pixels(n, item, &first), i = 0;
  float *means = piece_statistics(n, item), *squares = means + stored(n);
  const NUMBER *input = (const NUMBER *)n->input + first * n->pixel_stride;
  memset(means, 0, (size_t)stored(n) * 2 * sizeof(float));
  for (; i + MEASURED <= count; i += MEASURED)
    ISA(add_rows)(n, input + i * n->pixel_stride, MEASURED, i, means, squares);
  for (; i < count; i++) ISA(add_rows)(n, input + i * n->pixel_stride, 1, i, means, squares);
  for (long g = 0; g < n->groups; g++) {
    double mean = 0, within = 0, between = 0;
    for (long c = g * size; c < (g + 1) * size; c++) mean += means[c], within += squares[c];
    mean /= (double)size;
    for (long c = g * size; c < (g + 1) * size; c++) between += (means[c] - mean) * (means[c] - mean);
    means[g] = (float)mean;
    squares[g] = (float)(within + between * (double)count);
  }
}

static inline __attribute__((always_inline)) void ISA(apply_some)(
    const NUMBER *from, NUMBER *to, const float *scale, const float *shift, dk_activation activation, long count) {
  VF x = count == LANES ? ISA(load)(from) : ISA(load_some)(from, count);
  x = ISA(activate)(activation, x * ISA(load_float)(scale) + ISA(load_float)(shift));
  if (count == LANES)
    ISA(store)(to, x);
  else
    ISA(store_some)(to, x, count);
}

/// With an activation that is known, so that nothing is asked for each vector.
static inline __attribute__((always_inline)) void ISA(apply_with)(const dk_group_norm *n, long item,
                                                                  dk_activation activation) {
  long first, count = item_pixels(n, item, &first), channels = n->channels;
  const float *scale = scales(n, first / n->pixels), *shift = scale + stored(n);
  for (long i = 0; i < count; i++) {
    const NUMBER *from = (const NUMBER *)n->input + (first + i) * n->pixel_stride;
    NUMBER *to = (NUMBER *)n->output + (first + i) * channels;
    long c = 0;
    for (; c + LANES <= channels; c += LANES)
      ISA(apply_some)(from + c, to + c, scale + c, shift + c, activation, LANES);
    if (c < channels) ISA(apply_some)(from + c, to + c, scale + c, shift + c, activation, channels - c);
  }
}

static void ISA(apply)(const dk_group_norm *n, long item) {
  if (n->activation == dk_activation_none)
    ISA(apply_with)(n, item, dk_activation_none);
  else if (n->activation == dk_activation_silu)
    ISA(apply_with)(n, item, dk_activation_silu);
  else
    ISA(apply_with)(n, item, n->activation);
}

static void ISA(layer_norm)(const dk_layer_norm *n, long item) {
  long end = least(n->rows, (item + 1) * LAYER_ROWS), channels = n->channels, whole = channels / LANES * LANES;
  for (long row = item * LAYER_ROWS; row < end; row++) {
    const NUMBER *x = (const NUMBER *)n->input + row * n->row_stride;
    NUMBER *y = (NUMBER *)n->output + row * channels;
    VF sums = {0}, squares = {0};
    for (long c = 0; c < whole; c += LANES) sums += ISA(load)(x + c);
    float mean = ISA(sum)(sums);
    for (long c = whole; c < channels; c++) mean += ISA(widen)(x[c]);
    mean /= (float)channels;
    for (long c = 0; c < whole; c += LANES) {
      VF d = ISA(load)(x + c) - mean;
      squares += d * d;
    }
    float variance = ISA(sum)(squares);
    for (long c = whole; c < channels; c++) variance += (ISA(widen)(x[c]) - mean) * (ISA(widen)(x[c]) - mean);
    float inverse = 1 / sqrtf(variance / (float)channels + n->epsilon);
    for (long c = 0; c < channels; c += LANES) {
      long count = least(LANES, channels - c);
      VF v = (ISA(load_some)(x + c, count) - mean) * inverse;
      if (n->weight) v *= ISA(load_float_some)(n->weight + c, count);
      if (n->bias) v += ISA(load_float_some)(n->bias + c, count);
      ISA(store_some)(y + c, ISA(activate)(n->activation, v), count);
    }
  }
}
#endif
