#ifndef ISA_PASS
#include "attention_blocks.h"

static long whole_panels(long columns) { return (columns + PANEL - 1) / PANEL * PANEL; }

long dk_attention_items(const dk_attention *a) { return a->pictures * a->heads * query_blocks(a); }
long dk_attention_pack_items(const dk_attention *a) { return a->pictures * a->heads * key_blocks(a); }
long dk_attention_packed_bytes(const dk_attention *a) { return dk_attention_pack_items(a) * block_bytes(a); }

long dk_attention_scratch(const dk_attention *a) {
  if (a->tiles) return dk_tiles_attention_scratch(a);
  return (QUERIES * whole_panels(a->head_size) + 2 * TILE * KEYS + 2 * QUERIES) * (long)sizeof(float);
}

#define SELF "attention.c"
#include "each_isa.h"

void dk_attention_pack(const dk_attention *a, long item) {
  if (a->tiles)
    dk_tiles_pack(a, item);
  else
    DISPATCH(attention_pack, a->storage)(a, item);
}

void dk_attention_item(const dk_attention *a, long item, long thread) {
  char *scratch = a->scratch + thread * dk_attention_scratch(a);
  if (a->tiles)
    dk_tiles_attend(a, item, scratch);
  else
    DISPATCH(attention_item, a->storage)(a, item, (float *)scratch);
}

#else
#include "vector.h"
#include "tile.h"

/// Where row `k` of a panel keeps its first column, and how far the columns are from each other: rows lie in pairs in
/// bfloat16.
#ifdef STORES_BF16
#define ROW(k, width) ((k) / 2 * (width) * 2 + (k) % 2)
#define APART 2
#else
#define ROW(k, width) ((k) * (width))
#define APART 1
#endif

/// Lays out `count` keys as panels [KEYS / PANEL][head_size][PANEL]; missing keys are zeros.
static void ISA(pack_keys)(const NUMBER *keys, long stride, long count, long size, NUMBER *packed) {
  for (long k = 0; k < padded(count); k++) {
    NUMBER *to = packed + k / PANEL * PANEL * even(size) + k % PANEL * APART;
    for (long c = 0; c < size; c++) to[ROW(c, PANEL)] = k < count ? keys[k * stride + c] : 0;
    if (size % 2 && APART == 2) to[ROW(size, PANEL)] = 0;
  }
}

/// Lays out `count` values as panels of PANEL channels [padded(size) / PANEL][KEYS][width].
static void ISA(pack_values)(const NUMBER *values, long stride, long count, long size, NUMBER *packed) {
  for (long column = 0; column < size; column += PANEL) {
    long width = least(PANEL, padded(size) - column), used = least(PANEL, size - column);
    NUMBER *panel = packed + column * KEYS;
    for (long k = 0; k < (APART == 2 ? even(count) : count); k++)
      for (long c = 0; c < width; c++)
        panel[ROW(k, width) + c * APART] = k < count && c < used ? values[k * stride + column + c] : 0;
  }
}

/// Weights of scores less the largest one, in units of `UNIT`: exponentials to any base serve alike.
#ifdef HAS_DOT
#define WEIGHT ISA(power_of_two)
#define UNIT 1.44269504088896341f
#else
#define WEIGHT ISA(exp)
#define UNIT 1.0f
#endif

/// Turns one row of scores, [panels][TILE][PANEL] from `scores` on, into weights exp(scale (s - maximum)), one after
/// the other. `scale` is in units of `UNIT`. Entries from `valid` on become zero. Returns the factor for earlier sums of this row.
static inline float ISA(soften)(float *scores, NUMBER *weights, long valid, long count, float scale, float *maximum,
                                float *sum) {
  long panels = (count + PANEL - 1) / PANEL;
  for (long k = valid; k < panels * PANEL; k++) scores[k / PANEL * TILE * PANEL + k % PANEL] = -__builtin_inff();
  VF top = (VF){0} - __builtin_inff();
  for (long p = 0; p < panels; p++)
    for (long j = 0; j < PANEL; j += LANES) {
      VF s = ISA(load_float)(scores + p * TILE * PANEL + j);
      top = ISA(select)(s > top, s, top);
    }
  float highest = *maximum;
  for (int i = 0; i < LANES; i++) highest = top[i] > highest ? top[i] : highest;
  float factor = *maximum == highest ? 1 : WEIGHT((VF){0} + (*maximum - highest) * scale)[0];
  VF total = {0};
  for (long p = 0; p < panels; p++)
    for (long j = 0; j < PANEL; j += LANES) {
      VF weight = WEIGHT((ISA(load_float)(scores + p * TILE * PANEL + j) - highest) * scale);
      total += weight;
      ISA(store)(weights + p * PANEL + j, weight);
    }
  *maximum = highest;
  *sum = *sum * factor + ISA(sum)(total);
  return factor;
}

/// Packs a block of one head's keys, and after them its values.
static void ISA(attention_pack)(const dk_attention *a, long item) {
  long size = a->head_size, start = item % key_blocks(a) * KEYS, count = least(KEYS, a->keys - start);
  long picture = item / key_blocks(a) / a->heads, head = item / key_blocks(a) % a->heads;
  const NUMBER *key = (const NUMBER *)a->key + (picture * a->keys + start) * a->key_stride + head * size;
  const NUMBER *value = (const NUMBER *)a->value + (picture * a->keys + start) * a->value_stride + head * size;
  NUMBER *to = (NUMBER *)packed_block(a, item / key_blocks(a), item % key_blocks(a));
  ISA(pack_keys)(key, a->key_stride, count, size, to);
  ISA(pack_values)(value, a->value_stride, count, size, to + KEYS * even(size));
}

/// The memory of one item, all of it scratch.
typedef struct {
  const NUMBER *keys, *values;  // one block, packed
  float *output;  // [QUERIES / TILE][panels][TILE][PANEL], weighted sums of values so far
  float *scores;  // [KEYS / PANEL][TILE][PANEL]
  NUMBER *weights;  // [TILE][KEYS]
  float *maxima, *sums;  // [QUERIES]
} ISA(workspace);

static ISA(workspace) ISA(divide)(float *scratch, long size) {
  ISA(workspace) w = {.output = scratch};
  w.scores = w.output + QUERIES * whole_panels(size);
  w.weights = (NUMBER *)(w.scores + TILE * KEYS);
  w.maxima = w.scores + 2 * TILE * KEYS;
  w.sums = w.maxima + QUERIES;
  return w;
}

/// Lets a tile of `count` queries, the item's `t`th on and the picture's `first`th on, look at the packed block of
/// `seen` keys from `start` on.
static void ISA(attend)(const dk_attention *a, const ISA(workspace) *w, const NUMBER *query, long t, long first,
                        long count, long start, long seen) {
  long size = a->head_size, panels = whole_panels(size) / PANEL;
  const NUMBER *rows[TILE];
  for (long r = 0; r < TILE; r++) rows[r] = query + (r < count ? r : 0) * a->query_stride;
  for (long p = 0; p * PANEL < seen; p++)
    ISA(multiply)(rows, 0, size, w->keys + p * PANEL * even(size), PANEL, w->scores + p * TILE * PANEL, 1);

  float *tile = w->output + t * panels * PANEL;
  for (long r = 0; r < count; r++) {
    long visible = a->causal ? first + r + 1 - start : seen;
    visible = visible < 0 ? 0 : least(visible, seen);
    if (visible == 0) {
      memset(w->weights + r * KEYS, 0, KEYS * sizeof(NUMBER));
      continue;
    }
    float factor = ISA(soften)(w->scores + r * PANEL, w->weights + r * KEYS, visible, seen, a->scale * UNIT,
                               w->maxima + t + r, w->sums + t + r);
    if (start > 0 && factor != 1)
      for (long p = 0; p < panels; p++)
        for (long c = 0; c < PANEL; c++) tile[(p * TILE + r) * PANEL + c] *= factor;
  }

  for (long r = 0; r < TILE; r++) rows[r] = w->weights + r * KEYS;
  for (long c = 0; c < panels; c++)
    ISA(multiply)(rows, 0, APART == 2 ? even(seen) : seen, w->values + c * PANEL * KEYS,
                  least(PANEL, padded(size) - c * PANEL), tile + c * TILE * PANEL, start == 0);
}

static void ISA(attention_item)(const dk_attention *a, long item, float *scratch) {
  long size = a->head_size, panels = whole_panels(size) / PANEL;
  ISA(workspace) w = ISA(divide)(scratch, size);
  long block = item % query_blocks(a), head = item / query_blocks(a) % a->heads;
  long picture = item / query_blocks(a) / a->heads, first = block * QUERIES;
  long count = least(QUERIES, a->queries - first);
  const NUMBER *query = (const NUMBER *)a->query + (picture * a->queries + first) * a->query_stride + head * size;
  for (long i = 0; i < count; i++) {
    w.maxima[i] = -__builtin_inff();
    w.sums[i] = 0;
  }

  long keys = a->causal ? least(a->keys, first + count) : a->keys;
  for (long start = 0; start < keys; start += KEYS) {
    long seen = least(KEYS, keys - start);
    w.keys = (const NUMBER *)packed_block(a, picture * a->heads + head, start / KEYS);
    w.values = w.keys + KEYS * even(size);
    for (long t = 0; t < count; t += TILE)
      ISA(attend)(a, &w, query + t * a->query_stride, t, first + t, least(TILE, count - t), start, seen);
  }

  for (long i = 0; i < count; i++) {
    NUMBER *to = (NUMBER *)a->output + (picture * a->queries + first + i) * a->output_stride + head * size;
    float share = 1 / w.sums[i];
    for (long p = 0; p < panels; p++) {
      const float *from = w.output + (i / TILE * panels + p) * TILE * PANEL + i % TILE * PANEL;
      long used = least(PANEL, size - p * PANEL);
      for (long c = 0; c < used; c += LANES) {
        long some = least(LANES, used - c);
        ISA(store_some)(to + p * PANEL + c, ISA(load_float_some)(from + c, some) * share, some);
      }
    }
  }
}
#undef ROW
#undef APART
#undef WEIGHT
#undef UNIT
#endif
