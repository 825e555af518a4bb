#ifndef ISA_PASS
#include "norm.h"

#include <math.h>

// A piece is about 64 KiB of pixels, so that its second pass finds it in cache.
enum { PIECE = 16 << 10, LAYER_ROWS = 16 };

static long least(long a, long b) { return a < b ? a : b; }
static long piece_pixels(const dk_group_norm *n) { return n->channels < PIECE ? PIECE / n->channels : 1; }
static long pieces(const dk_group_norm *n) { return (n->pixels + piece_pixels(n) - 1) / piece_pixels(n); }

// Scratch: for each picture a scale and a shift per channel; for each piece a sum and a square per channel
// (only the first `groups` entries stay in use: mean and sum of squared deviations).
static float *scales(const dk_group_norm *n, long picture) { return n->statistics + picture * 2 * n->channels; }
static float *piece_statistics(const dk_group_norm *n, long item) {
  return n->statistics + n->pictures * 2 * n->channels + item * 2 * n->channels;
}

long dk_group_norm_items(const dk_group_norm *n) { return n->pictures * pieces(n); }
long dk_group_norm_scratch(const dk_group_norm *n) {
  return 2 * n->channels * (n->pictures + dk_group_norm_items(n));
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
    all = merged(all, (double)count, s[group], s[n->channels + group]);
  }
  return all;
}

static void set_scales(const dk_group_norm *n, long picture, long group, moments all) {
  long size = n->channels / n->groups;
  float *scale = scales(n, picture), *shift = scale + n->channels;
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

/// Mean and sum of squared deviations of each group over the pixels of a piece, in two passes.
static void ISA(measure)(const dk_group_norm *n, long item) {
  long channels = n->channels, size = channels / n->groups, first, count = item_pixels(n, item, &first);
  float *sums = piece_statistics(n, item), *squares = sums + channels;
  const NUMBER *input = (const NUMBER *)n->input + first * n->pixel_stride;
  memset(sums, 0, (size_t)channels * 2 * sizeof(float));
  for (long i = 0; i < count; i++)
    for (long c = 0; c < channels; c++) sums[c] += ISA(widen)(input[i * n->pixel_stride + c]);
  for (long g = 0; g < n->groups; g++) {
    double total = 0;
    for (long c = g * size; c < (g + 1) * size; c++) total += sums[c];
    for (long c = g * size; c < (g + 1) * size; c++) sums[c] = (float)(total / (double)(size * count));
  }
  for (long i = 0; i < count; i++)
    for (long c = 0; c < channels; c++) {
      float d = ISA(widen)(input[i * n->pixel_stride + c]) - sums[c];
      squares[c] += d * d;
    }
  for (long g = 0; g < n->groups; g++) {
    double total = 0;
    for (long c = g * size; c < (g + 1) * size; c++) total += squares[c];
    sums[g] = sums[g * size];
    squares[g] = (float)total;
  }
}

static void ISA(apply)(const dk_group_norm *n, long item) {
  long first, count = item_pixels(n, item, &first), channels = n->channels;
  const float *scale = scales(n, first / n->pixels), *shift = scale + channels;
  for (long i = 0; i < count; i++) {
    const NUMBER *from = (const NUMBER *)n->input + (first + i) * n->pixel_stride;
    NUMBER *to = (NUMBER *)n->output + (first + i) * channels;
    for (long c = 0; c < channels; c += LANES) {
      long some = least(LANES, channels - c);
      VF x = ISA(load_some)(from + c, some) * ISA(load_float_some)(scale + c, some);
      x += ISA(load_float_some)(shift + c, some);
      ISA(store_some)(to + c, ISA(activate)(n->activation, x), some);
    }
  }
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
