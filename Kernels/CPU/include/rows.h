#pragma once
#include "matmul.h"

/// Copies rows, with an epilogue on the way: elementwise work that no product took over, and the parts of
/// a concatenation.
typedef struct {
  dk_storage storage;
  const void *input;  // [rows, columns]
  long input_stride, rows, columns;
  long picture_rows;  // rows of one picture, for the epilogue's per-channel vector
  dk_epilogue epilogue;
  void *output;
  long output_stride;
} dk_rows;

long dk_rows_items(const dk_rows *r);
void dk_rows_item(const dk_rows *r, long item);

/// Nearest-neighbour resampling: output pixel (y, x) is input pixel (y in_height / out_height, ...).
typedef struct {
  dk_storage storage;
  const void *input;  // [pictures, in_height, in_width, channels]
  long pixel_stride, pictures, in_height, in_width, channels, out_height, out_width;
  void *output;  // [pictures, out_height, out_width, channels]
} dk_upsample;

/// One item is one output row of pixels: pictures x out_height items.
void dk_upsample_item(const dk_upsample *u, long item);

/// Rows of a table chosen by indices, plus the row of each position: out[i] = table[ids[i]] + positions[i].
/// An index outside the table gives a row of NaN.
typedef struct {
  dk_storage storage;  // of the output
  const float *ids;  // [sequences, length], whole numbers
  long sequences, length, width, table_rows;
  const float *table;  // [table_rows, width]
  const float *positions;  // [length, width] or null
  void *output;  // [sequences, length, width]
} dk_embedding;

void dk_embed(const dk_embedding *e);

/// The caller's floats [pictures, channels, pixels] to stored numbers [pictures, pixels, channels], and back. With one
/// channel the order stays.
void dk_channels_last(const float *from, void *to, long pictures, long channels, long pixels, dk_storage storage);
void dk_channels_first(const void *from, float *to, long pictures, long channels, long pixels, dk_storage storage);
