#pragma once
#include "matmul.h"
#include "panel.h"

// Products of rows in 8 bits: y = scale of the row x scale of the column x sum of q w. Every row of the input is
// brought to whole numbers q of -127 ... 127 by its own largest number, every column of weights w by its own when it is packed.
// Sums are exact in int32, so all instruction sets make the same ones in any order.

/// The kernels of dk_convolution for weights packed as dk_panels_int8 or dk_tiles_int8.
long dk_int8_items(const dk_convolution *c);
long dk_int8_scratch(const dk_convolution *c);
void dk_int8_item(const dk_convolution *c, long item, char *scratch);
/// The same for dk_tiles_int8 alone. The processor must have AMX.
void dk_int8_tiles_item(const dk_convolution *c, long item, char *scratch);

/// Factors that an instruction takes of one column at a time, and those that a processor's tile takes.
enum { QUAD = 4, DEEP_INT8 = 64 };

/// How the work is cut: an item is a block of rows times a group of columns' panels (or of pairs of columns' tiles).
typedef struct {
  long rows, blocks;
  long group, groups;
  long pitch;  // numbers from one row in 8 bits to the next
} dk_int8_cut;

dk_int8_cut dk_int8_cut_of(const dk_convolution *c);

/// An item's scratch memory. Rows have room for 16-bit numbers, as some instruction sets want them.
typedef struct {
  float *scales;  // [rows]
  void *rows;  // [rows][pitch]
} dk_int8_rows;

static inline dk_int8_rows dk_int8_rows_in(char *scratch, const dk_int8_cut *cut) {
  return (dk_int8_rows){(float *)scratch, scratch + cut->rows * (long)sizeof(float)};
}

/// What stands behind the packed numbers of weights.
typedef struct {
  const float *scales;  // [columns]
  const int *offsets;  // [columns], 128 x the sum of the column's numbers
} dk_int8_columns;

static inline long dk_int8_numbers(const dk_convolution *c) {
  long step = c->packing == dk_tiles_int8 ? DEEP_INT8 : QUAD;
  return (c->outputs + GRAIN - 1) / GRAIN * GRAIN * ((c->channels + step - 1) / step * step);
}

static inline dk_int8_columns dk_int8_columns_of(const dk_convolution *c) {
  const char *after = (const char *)c->weights + dk_int8_numbers(c);
  long padded = (c->outputs + GRAIN - 1) / GRAIN * GRAIN;
  return (dk_int8_columns){(const float *)after, (const int *)(after + padded * (long)sizeof(float))};
}
