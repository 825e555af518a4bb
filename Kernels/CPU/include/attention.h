#pragma once
#include "storage.h"

/// Scaled dot-product attention: softmax(scale q k^T) v for each picture and head, in tiles with a running
/// maximum and sum, so that no row of all scores is ever stored. Head h owns channels
/// h * head_size ..< (h + 1) * head_size of each row.
typedef struct {
  dk_storage storage;
  const void *query, *key, *value;  // [pictures, queries or keys, ...]
  long query_stride, key_stride, value_stride;
  long pictures, queries, keys, heads, head_size;
  float scale;
  int causal;  // query i sees keys 0...i
  void *output;  // [pictures, queries, heads x head_size]
  long output_stride;
  float *scratch;  // dk_attention_scratch floats for each thread
} dk_attention;

long dk_attention_items(const dk_attention *a);
/// Floats of scratch that one thread needs.
long dk_attention_scratch(long head_size);
void dk_attention_item(const dk_attention *a, long item, long thread);
