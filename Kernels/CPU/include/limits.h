#pragma once
#include "isa.h"
#include "storage.h"

/// What kernels that do nothing else reach: the limits that other kernels are measured by. Work is fixed, so that
/// times can be compared; results are kept, so that no compiler leaves the work out.

/// Multiplications and additions of numbers in registers.
typedef enum {
  dk_limit_float32 = 0,  // float32 vectors
  dk_limit_pairs = 1,  // pairs of bfloat16, summed in float32
  // Tiles of bfloat16, one loaded from the first-level cache for each product. The process must have asked for tiles, the
  // thread must have configured eight of 16 rows of 64 bytes.
  dk_limit_tiles = 2,
} dk_limit;

/// How an instruction set multiplies what is stored so.
dk_limit dk_limit_of(dk_isa isa, dk_storage storage);

typedef struct {
  dk_limit limit;
  float factor, summand;  // -1 and anything: float32 sums alternate between two values, and none grows
  float *results;  // one for each item
} dk_products;

/// Floating-point operations of one item, with the calling thread's instruction set.
double dk_products_operations(dk_limit limit);
/// About a tenth of a millisecond of work, the same for each item.
void dk_products_item(const dk_products *p, long item);

/// A block of memory to be read, in pieces of DK_READ_BYTES.
enum { DK_READ_BYTES = 1 << 20 };
typedef struct {
  unsigned *block;
  unsigned *results;  // one for each item
} dk_reading;

/// Writes numbers into an item's piece, so that pages of its own stand behind it.
void dk_reading_fill(const dk_reading *r, long item);
void dk_reading_item(const dk_reading *r, long item);

/// Operations per second of AVX2 multiply-adds (of plain ones without AVX2) on this core in the next few milliseconds.
/// Whoever else uses the same core's units shows in it: with a busy sibling hyper-thread it is about half.
double dk_core_speed(void);
