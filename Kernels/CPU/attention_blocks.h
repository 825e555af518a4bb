#pragma once
#include "attention.h"
#include "limits.h"
#include "panel.h"

// An item of attention is one head's block of queries. Keys and values are packed in blocks, and pass by in them.
enum { QUERIES = 256, KEYS = 128, TILE_KEYS = 256 };
// What no instruction set passes: queries that look at keys together, and channels that are summed together.
enum { TOGETHER = 48, ROWS_AT_MOST = 8 };

static inline long padded(long columns) { return (columns + GRAIN - 1) / GRAIN * GRAIN; }
static inline long even(long count) { return (count + 1) / 2 * 2; }
static inline long least(long a, long b) { return a < b ? a : b; }

/// The first of as few parts of `count` as have at most `most` each, and are about alike.
static inline long evenly(long count, long most) {
  long parts = (count + most - 1) / most;
  return (count + parts - 1) / parts;
}

/// Channels of a head with those that are added to fill the last rows.
static inline long whole_channels(long size) { return size + ROWS_AT_MOST - 1; }

static inline dk_limit products(const dk_attention *a) { return dk_limit_of(a->isa, a->storage); }
static inline int in_tiles(const dk_attention *a) { return products(a) == dk_limit_tiles; }

static inline long query_blocks(const dk_attention *a) { return (a->queries + QUERIES - 1) / QUERIES; }
static inline long block_keys(const dk_attention *a) { return in_tiles(a) ? TILE_KEYS : KEYS; }
static inline long key_blocks(const dk_attention *a) { return (a->keys + block_keys(a) - 1) / block_keys(a); }

/// Bytes of a packed block: keys, then values, with their channels padded.
static inline long block_bytes(const dk_attention *a) {
  if (in_tiles(a)) return TILE_KEYS * ((a->head_size + DEEP - 1) / DEEP * DEEP + padded(a->head_size)) * 2;
  return KEYS * (even(a->head_size) + whole_channels(a->head_size)) * (products(a) == dk_limit_pairs ? 2 : 4);
}

/// Where a block of keys lies, by picture * heads + head.
static inline char *packed_block(const dk_attention *a, long picture_and_head, long block) {
  return a->packed + (picture_and_head * key_blocks(a) + block) * block_bytes(a);
}

/// The kernels for products of tiles. The processor must have AMX.
long dk_tiles_attention_scratch(const dk_attention *a);
void dk_tiles_pack(const dk_attention *a, long item);
void dk_tiles_attend(const dk_attention *a, long item, char *scratch);
