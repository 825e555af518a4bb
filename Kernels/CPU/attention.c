#ifndef ISA_PASS
#include "attention_blocks.h"

long dk_attention_items(const dk_attention *a) { return a->pictures * a->heads * query_blocks(a); }
long dk_attention_pack_items(const dk_attention *a) { return a->pictures * a->heads * key_blocks(a); }
long dk_attention_packed_bytes(const dk_attention *a) { return dk_attention_pack_items(a) * block_bytes(a); }

long dk_attention_scratch(const dk_attention *a) {
  if (in_tiles(a)) return dk_tiles_attention_scratch(a);
  return (a->head_size + whole_channels(a->head_size) + KEYS) * TOGETHER * (long)sizeof(float);
}

#define SELF "attention.c"
#include "each_isa.h"

void dk_attention_pack(const dk_attention *a, long item) {
  if (in_tiles(a))
    dk_tiles_pack(a, item);
  else
    DISPATCH(attention_pack, a->storage)(a, item);
}

void dk_attention_item(const dk_attention *a, long item, long thread) {
  char *scratch = a->scratch + thread * dk_attention_scratch(a);
  if (in_tiles(a))
    dk_tiles_attend(a, item, scratch);
  else
    DISPATCH(attention_item, a->storage)(a, item, (float *)scratch);
}

#else
#include "attention_lanes.h"

/// Packs a block of one head's keys, and after them its values.
static void ISA(attention_pack)(const dk_attention *a, long item) {
  long size = a->head_size, start = item % key_blocks(a) * KEYS, count = least(KEYS, a->keys - start);
  long picture = item / key_blocks(a) / a->heads, head = item / key_blocks(a) % a->heads;
  const NUMBER *key = (const NUMBER *)a->key + (picture * a->keys + start) * a->key_stride + head * size;
  const NUMBER *value = (const NUMBER *)a->value + (picture * a->keys + start) * a->value_stride + head * size;
  float *to = (float *)packed_block(a, item / key_blocks(a), item % key_blocks(a));
  for (long k = 0; k < count; k += ROWS)
    ISA(lay_across)(key + k * a->key_stride, a->key_stride, count - k, size, to + k * ELEMENTS(size), ROWS);
  ISA(pack_values)(value, a->value_stride, count, size, to + KEYS * ELEMENTS(size));
}

/// Up to VECTORS vectors of queries, one in each lane, that look at keys together.
typedef struct {
  float *queries;  // [elements of a head][width]
  float *scores;  // [KEYS][width], and then weights
  float *output;  // [channels][width], weighted sums of values so far
  long width, vectors, count, first;  // queries in all vectors, and those that exist, the picture's `first`th on
  VF references[VECTORS], sums[VECTORS];  // what is subtracted from scores, and sums of weights
} ISA(group);

/// Scores of keys that come after a query become minus infinity.
static void ISA(hide)(const ISA(group) *g, long start, long seen) {
  VI lane;
  for (int i = 0; i < LANES; i++) lane[i] = i;
  for (long k = g->first < start ? 0 : g->first - start; k < seen; k++)
    for (long v = 0; v < g->vectors; v++) {
      float *at = g->scores + k * g->width + v * LANES;
      VI sees = lane >= (int)(start + k - g->first - v * LANES);
      ISA(store_float)(at, ISA(select)(sees, ISA(load_float)(at), (VF){0} - __builtin_inff()));
    }
}

/// Turns the scores of a vector of queries into weights 2^(scale (score - reference)). A query's reference becomes the
/// largest score so far when weights would pass 2^SLACK, and what was summed before shrinks.
static void ISA(soften)(ISA(group) *g, long v, long seen, float scale, long channels) {
  float *scores = g->scores + v * LANES;
  VF top = ISA(largest)(scores, g->width, seen), reference = g->references[v];
  VI grown = top * scale > reference * scale + SLACK;
  if (ISA(any)(grown)) {
    VF factor = ISA(select)(grown, ISA(weight)((reference - top) * scale), (VF){0} + 1.0f);
    g->references[v] = reference = ISA(select)(grown, top, reference);
    g->sums[v] *= factor;
    for (long c = 0; c < channels; c++) {
      float *at = g->output + c * g->width + v * LANES;
      ISA(store_float)(at, ISA(load_float)(at) * factor);
    }
  }
  if (IN_ELEMENT == 2 && seen % 2) ISA(store_float)(scores + seen * g->width, (VF){0} - __builtin_inff());
  g->sums[v] += ISA(weigh)(scores, g->width, ELEMENTS(seen) * IN_ELEMENT, scale, reference * -scale);
}

/// Lets a group look at a packed block of `seen` keys, the head's `start`th on.
static void ISA(attend)(const dk_attention *a, ISA(group) *g, const float *keys, long start, long seen) {
  long size = a->head_size, depth = ELEMENTS(size), length = evenly(depth, DEPTH);
  const float *values = keys + KEYS * depth;
  for (long c = 0; c < depth; c += length)
    for (long k = 0; k < seen; k += ROWS)
      ISA(multiply)(keys + k * depth + c * ROWS, g->queries + c * g->width, least(length, depth - c), g->vectors,
                    g->scores + k * g->width, c == 0);
  if (a->causal && start + seen > g->first + 1) ISA(hide)(g, start, seen);
  for (long v = 0; v < g->vectors; v++) ISA(soften)(g, v, seen, a->scale * LOG2E, start > 0 ? size : 0);
  for (long c = 0; c < size; c += ROWS)
    ISA(multiply)(values + c * ELEMENTS(KEYS), g->scores, ELEMENTS(seen), g->vectors, g->output + c * g->width,
                  start == 0);
}

/// A head's channels of some rows, for reading or writing: rows lie too far apart for the processor's own prefetching.
static inline void ISA(prefetch)(const NUMBER *rows, long stride, long count, long size) {
  const long line = 64 / sizeof *rows;
  for (long i = 0; i < count; i++, rows += stride) {
    for (long c = 0; c < size; c += line) __builtin_prefetch(rows + c);
    __builtin_prefetch(rows + size - 1);
  }
}

static void ISA(attention_item)(const dk_attention *a, long item, float *scratch) {
  long size = a->head_size, block = item % query_blocks(a), head = item / query_blocks(a) % a->heads;
  long picture = item / query_blocks(a) / a->heads, end = least(a->queries, (block + 1) * QUERIES);
  ISA(group) g = {.queries = scratch, .scores = scratch + size * TOGETHER};
  g.output = g.scores + KEYS * TOGETHER;
  for (g.first = block * QUERIES; g.first < end; g.first += g.count) {
    long row = picture * a->queries + g.first, left = (end - g.first + LANES - 1) / LANES;
    const NUMBER *query = (const NUMBER *)a->query + row * a->query_stride + head * size;
    NUMBER *output = (NUMBER *)a->output + row * a->output_stride + head * size;
    g.vectors = evenly(left, VECTORS);
    g.width = g.vectors * LANES;
    g.count = least(end - g.first, g.width);
    for (long v = 0; v < VECTORS; v++) g.references[v] = (VF){0} - __builtin_inff(), g.sums[v] = (VF){0};
    ISA(lay_across)(query, a->query_stride, g.count, size, g.queries, g.width);
    ISA(prefetch)(query + g.count * a->query_stride, a->query_stride, least(end - g.first - g.count, g.width), size);
    ISA(prefetch)(output, a->output_stride, g.count, size);

    long keys = a->causal ? least(a->keys, g.first + g.count) : a->keys;
    for (long start = 0; start < keys; start += KEYS)
      ISA(attend)(a, &g, (const float *)packed_block(a, picture * a->heads + head, start / KEYS), start,
                  least(KEYS, keys - start));
    for (long v = 0; v < g.vectors; v++)
      ISA(finish)(g.output + v * LANES, g.width, size, 1 / g.sums[v], g.count - v * LANES,
                  output + v * LANES * a->output_stride, a->output_stride);
  }
}
#endif
