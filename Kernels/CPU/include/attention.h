#pragma once
#include "isa.h"
#include "storage.h"

/// Scaled dot-product attention: softmax(scale q k^T) v for each picture and head, in tiles with a running
/// maximum and sum, so that no row of all scores is ever stored. Head h owns channels
/// h * head_size ..< (h + 1) * head_size of each row. Keys and values are packed first.
typedef struct {
  dk_storage storage;
  dk_isa isa;  // of the threads that will compute it
  const void *query, *key, *value;  // [pictures, queries or keys, ...]
  long query_stride, key_stride, value_stride;
  long pictures, queries, keys, heads, head_size;
  float scale;
  int causal;  // query i sees keys 0...i
  void *output;  // [pictures, queries, heads x head_size]
  long output_stride;
  char *packed;  // dk_attention_packed_bytes, for all threads
  char *scratch;  // dk_attention_scratch bytes for each thread
} dk_attention;

/// Bytes of keys and values as the products want them.
long dk_attention_packed_bytes(const dk_attention *a);
long dk_attention_pack_items(const dk_attention *a);
void dk_attention_pack(const dk_attention *a, long item);

/// Bytes of scratch that one thread needs.
long dk_attention_scratch(const dk_attention *a);
long dk_attention_items(const dk_attention *a);
void dk_attention_item(const dk_attention *a, long item, long thread);
