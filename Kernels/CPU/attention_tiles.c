#include "attention_blocks.h"

#include <string.h>

long dk_tiles_attention_scratch(const dk_attention *a) {
  long size = a->head_size, deep = (size + DEEP - 1) / DEEP * DEEP;
  return QUERIES * deep * 2 + QUERIES * padded(size) * 4 + 2 * SIDE * (TILE_KEYS + SIDE) * 4 +
         2 * SIDE * (TILE_KEYS + DEEP) * 2 + QUERIES * 2 * 4;
}

#if defined(__x86_64__)
#include "tiles.h"

enum { SCORES = TILE_KEYS + SIDE, WEIGHTS = TILE_KEYS + DEEP };  // from one row to the next

/// Tiles that a head's channels fill as factors, and as columns.
static long deep_tiles(const dk_attention *a) { return (a->head_size + DEEP - 1) / DEEP; }
static long value_tiles(const dk_attention *a) { return padded(a->head_size) / SIDE; }

/// Packs keys as [keys / 16][channels / 32] tiles of [channels 32 / 2][keys 16][2]: what a product takes whose sums run
/// over channels. Missing keys and channels are zeros.
static void pack_keys(const NUMBER *keys, long stride, long count, long size, long deep, NUMBER *to) {
  memset(to, 0, (size_t)(TILE_KEYS / SIDE * deep * TILE_NUMBERS) * 2);
  for (long k = 0; k < count; k++) {
    NUMBER *column = to + k / SIDE * deep * TILE_NUMBERS + k % SIDE * 2;
    const NUMBER *key = keys + k * stride;
    for (long c = 0; c + 1 < size; c += 2) memcpy(column + c / 2 * DEEP, key + c, 4);
    if (size % 2) column[size / 2 * DEEP] = key[size - 1];
  }
}

/// Packs values as [keys / 32][channels / 16] tiles of [keys 32 / 2][channels 16][2].
static void pack_values(const NUMBER *values, long stride, long count, long size, long wide, NUMBER *to) {
  memset(to, 0, (size_t)(TILE_KEYS / DEEP * wide * TILE_NUMBERS) * 2);
  for (long k = 0; k < count; k += 2)
    for (long c = 0; c < size; c += SIDE) {
      __mmask16 used = size - c >= SIDE ? 0xffff : (__mmask16)((1u << (size - c)) - 1);
      const NUMBER *even_key = values + k * stride + c, *odd_key = even_key + stride;
      __m512i low = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(used, even_key));
      __m512i high = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(k + 1 < count ? used : 0, odd_key));
      NUMBER *row = to + (k / DEEP * wide + c / SIDE) * TILE_NUMBERS + k % DEEP / 2 * DEEP;
      _mm512_storeu_si512(row, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
}

void dk_tiles_pack(const dk_attention *a, long item) {
  long size = a->head_size, start = item % key_blocks(a) * TILE_KEYS, count = least(TILE_KEYS, a->keys - start);
  long picture = item / key_blocks(a) / a->heads, head = item / key_blocks(a) % a->heads;
  long first = picture * a->keys + start;
  NUMBER *to = (NUMBER *)packed_block(a, item / key_blocks(a), item % key_blocks(a));
  pack_keys((const NUMBER *)a->key + first * a->key_stride + head * size, a->key_stride, count, size, deep_tiles(a), to);
  pack_values((const NUMBER *)a->value + first * a->value_stride + head * size, a->value_stride, count, size,
              value_tiles(a), to + TILE_KEYS * deep_tiles(a) * DEEP);
}

/// The memory of one item.
typedef struct {
  NUMBER *queries;  // [QUERIES][deep], with zeros after a head's channels
  float *output;  // [QUERIES][wide], weighted sums of values so far
  float *scores;  // [32][SCORES]
  NUMBER *weights;  // [32][WEIGHTS]
  float *references, *sums;  // [QUERIES]: what is subtracted from scores, and sums of weights
  long deep, wide;  // numbers of a row
} workspace;

/// scores[32][16 x tiles] of two tiles of queries, whose channels fill at most two tiles of factors: they stay in
/// registers while keys pass by.
static void score_narrow(const workspace *w, const NUMBER *query, const NUMBER *keys, long tiles) {
  long step = w->deep * 2, two = w->deep > DEEP;
  _tile_loadd(4, query, step);
  _tile_loadd(5, query + SIDE * w->deep, step);
  if (two) {
    _tile_loadd(6, query + DEEP, step);
    _tile_loadd(7, query + SIDE * w->deep + DEEP, step);
  }
  for (long k = 0; k < tiles; k++) {
    _tile_zero(0), _tile_zero(1);
    _tile_loadd(2, keys, 64);
    keys += TILE_NUMBERS;
    _tile_dpbf16ps(0, 4, 2);
    _tile_dpbf16ps(1, 5, 2);
    if (two) {
      _tile_loadd(3, keys, 64);
      keys += TILE_NUMBERS;
      _tile_dpbf16ps(0, 6, 3);
      _tile_dpbf16ps(1, 7, 3);
    }
    _tile_stored(0, w->scores + k * SIDE, SCORES * 4);
    _tile_stored(1, w->scores + k * SIDE + SIDE * SCORES, SCORES * 4);
  }
}

/// The same for wider heads, two tiles of keys at a time.
static void score_wide(const workspace *w, const NUMBER *query, const NUMBER *keys, long tiles) {
  long step = w->deep * 2, each = w->deep / DEEP * TILE_NUMBERS;
  for (long k = 0; k < tiles; k += 2, keys += 2 * each) {
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
    for (long c = 0; c < w->deep / DEEP; c++) {
      _tile_loadd(4, query + c * DEEP, step);
      _tile_loadd(6, keys + c * TILE_NUMBERS, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(5, query + SIDE * w->deep + c * DEEP, step);
      _tile_dpbf16ps(1, 5, 6);
      _tile_loadd(7, keys + each + c * TILE_NUMBERS, 64);
      _tile_dpbf16ps(2, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
    float *to = w->scores + k * SIDE;
    _tile_stored(0, to, SCORES * 4);
    _tile_stored(1, to + SIDE * SCORES, SCORES * 4);
    _tile_stored(2, to + SIDE, SCORES * 4);
    _tile_stored(3, to + SIDE * SCORES + SIDE, SCORES * 4);
  }
}

/// Turns one row of scores into weights 2^(scale (score - reference)); entries from `valid` on weigh nothing. The
/// reference is the first block's largest score, and moves only when weights would grow by 2^40: bfloat16's precision is
/// the same at any size. Returns the factor for earlier sums of the row.
static float soften(float *scores, NUMBER *weights, long valid, long count, float scale, float *reference, float *sum) {
  for (long k = valid; k < count; k++) scores[k] = -__builtin_inff();
  VF top = (VF){0} - __builtin_inff();
  for (long k = 0; k < count; k += LANES) top = (VF)_mm512_max_ps((__m512)ISA(load_float)(scores + k), (__m512)top);
  float highest = _mm512_reduce_max_ps((__m512)top), factor = 1;
  if (!((highest - *reference) * scale <= 40)) {
    factor = ISA(power_of_two)((VF){0} + (*reference - highest) * scale)[0];
    *reference = highest;
  }
  VF total = {0}, shift = (VF){0} - *reference * scale;
  for (long k = 0; k < count; k += LANES) {
    ISA(numbers) weight = ISA(narrowed)(ISA(power_of_two)(ISA(load_float)(scores + k) * scale + shift));
    memcpy(weights + k, &weight, sizeof weight);
    total += ISA(widened)(weight);  // as it was rounded, so that the shares add up to one
  }
  *sum = *sum * factor + ISA(sum)(total);
  return factor;
}

/// output[32][columns] (+)= weights[32][32 x steps] x values, for one or two tiles of columns from `column` on.
static inline __attribute__((always_inline)) void add_values(
    const workspace *w, float *output, const NUMBER *values, long column, int columns, long steps, int fresh) {
  long row = w->wide * 4, apart = w->wide / SIDE * TILE_NUMBERS;
  float *lower = output + SIDE * w->wide;
  values += column * TILE_NUMBERS;
  output += column * SIDE, lower += column * SIDE;
  if (fresh) {
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
  } else {
    _tile_loadd(0, output, row), _tile_loadd(1, lower, row);
    if (columns == 2) _tile_loadd(2, output + SIDE, row), _tile_loadd(3, lower + SIDE, row);
  }
  for (long k = 0; k < steps; k++, values += apart) {
    _tile_loadd(4, w->weights + k * DEEP, WEIGHTS * 2);
    _tile_loadd(6, values, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, w->weights + SIDE * WEIGHTS + k * DEEP, WEIGHTS * 2);
    _tile_dpbf16ps(1, 5, 6);
    if (columns == 2) {
      _tile_loadd(7, values + TILE_NUMBERS, 64);
      _tile_dpbf16ps(2, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, output, row), _tile_stored(1, lower, row);
  if (columns == 2) _tile_stored(2, output + SIDE, row), _tile_stored(3, lower + SIDE, row);
}

/// Lets 32 queries, the item's `t`th on and the picture's `first`th on, look at the packed block of `seen` keys from
/// `start` on. `count` of them exist.
static void attend(const dk_attention *a, const workspace *w, const char *block, long t, long first, long count,
                   long start, long seen) {
  const NUMBER *keys = (const NUMBER *)block, *values = keys + TILE_KEYS * w->deep, *query = w->queries + t * w->deep;
  long tiles = (seen + DEEP - 1) / DEEP * 2;
  if (w->deep <= 2 * DEEP)
    score_narrow(w, query, keys, tiles);
  else
    score_wide(w, query, keys, tiles);

  float *output = w->output + t * w->wide;
  for (long r = 0; r < 2 * SIDE; r++) {
    long visible = a->causal ? first + r + 1 - start : seen;
    visible = r >= count || visible < 0 ? 0 : least(visible, seen);
    if (visible == 0) {
      memset(w->weights + r * WEIGHTS, 0, (size_t)tiles * SIDE * 2);
      continue;
    }
    float factor = soften(w->scores + r * SCORES, w->weights + r * WEIGHTS, visible, tiles * SIDE,
                          a->scale * 1.44269504088896341f, w->references + t + r, w->sums + t + r);
    if (start > 0 && factor != 1)
      for (long c = 0; c < w->wide; c++) output[r * w->wide + c] *= factor;
  }

  long column = 0;
  for (; column + 2 <= w->wide / SIDE; column += 2) add_values(w, output, values, column, 2, tiles / 2, start == 0);
  if (column < w->wide / SIDE) add_values(w, output, values, column, 1, tiles / 2, start == 0);
}

/// Divides the scratch memory, and copies `count` queries into it.
static workspace begin(const dk_attention *a, const NUMBER *query, long count, char *scratch) {
  workspace w = {.queries = (NUMBER *)scratch, .deep = deep_tiles(a) * DEEP, .wide = value_tiles(a) * SIDE};
  w.output = (float *)(w.queries + QUERIES * w.deep);
  w.scores = w.output + QUERIES * w.wide;
  w.weights = (NUMBER *)(w.scores + 2 * SIDE * SCORES);
  w.references = (float *)(w.weights + 2 * SIDE * WEIGHTS);
  w.sums = w.references + QUERIES;
  memset(w.queries, 0, (size_t)(QUERIES * w.deep) * 2);
  for (long i = 0; i < count; i++) {
    memcpy(w.queries + i * w.deep, query + i * a->query_stride, (size_t)a->head_size * 2);
    w.references[i] = -__builtin_inff();
    w.sums[i] = 0;
  }
  return w;
}

void dk_tiles_attend(const dk_attention *a, long item, char *scratch) {
  long size = a->head_size, block = item % query_blocks(a), head = item / query_blocks(a) % a->heads;
  long picture = item / query_blocks(a) / a->heads, first = block * QUERIES;
  long count = least(QUERIES, a->queries - first), row = picture * a->queries + first;
  workspace w = begin(a, (const NUMBER *)a->query + row * a->query_stride + head * size, count, scratch);

  long keys = a->causal ? least(a->keys, first + count) : a->keys;
  for (long start = 0; start < keys; start += TILE_KEYS) {
    const char *packed = packed_block(a, picture * a->heads + head, start / TILE_KEYS);
    for (long t = 0; t < count; t += 2 * SIDE)
      attend(a, &w, packed, t, first + t, least(2 * SIDE, count - t), start, least(TILE_KEYS, keys - start));
  }

  for (long i = 0; i < count; i++) {
    NUMBER *to = (NUMBER *)a->output + (row + i) * a->output_stride + head * size;
    float share = 1 / w.sums[i];
    for (long c = 0; c < size; c += LANES) {
      long some = least(LANES, size - c);
      ISA(store_some)(to + c, ISA(load_float_some)(w.output + i * w.wide + c, some) * share, some);
    }
  }
}

END_TILES
#else
void dk_tiles_pack(const dk_attention *a, long item) { (void)a, (void)item; }
void dk_tiles_attend(const dk_attention *a, long item, char *scratch) { (void)a, (void)item, (void)scratch; }
#endif
