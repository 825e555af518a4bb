#ifndef ISA_PASS
#include "rows.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 16 << 10 };

static long block_rows(const dk_rows *r) { return r->columns < BLOCK ? BLOCK / (r->columns + 1) + 1 : 1; }

long dk_rows_items(const dk_rows *r) { return (r->rows + block_rows(r) - 1) / block_rows(r); }

void dk_upsample_item(const dk_upsample *u, long item) {
  long picture = item / u->out_height, y = item % u->out_height * u->in_height / u->out_height;
  const float *from = u->input + (picture * u->in_height + y) * u->in_width * u->pixel_stride;
  float *to = u->output + item * u->out_width * u->channels;
  for (long x = 0; x < u->out_width; x++)
    memcpy(to + x * u->channels, from + x * u->in_width / u->out_width * u->pixel_stride,
           (size_t)u->channels * sizeof(float));
}

void dk_embed(const dk_embedding *e) {
  for (long i = 0; i < e->sequences * e->length; i++) {
    float *to = e->output + i * e->width;
    long id = e->ids[i] >= 0 && e->ids[i] < (float)e->table_rows ? (long)e->ids[i] : -1;
    for (long c = 0; c < e->width; c++)
      to[c] = id < 0 ? NAN
                     : e->table[id * e->width + c] + (e->positions ? e->positions[i % e->length * e->width + c] : 0);
  }
}

void dk_channels_last(const float *from, float *to, long pictures, long channels, long pixels) {
  for (long p = 0; p < pictures; p++)
    for (long c = 0; c < channels; c++)
      for (long i = 0; i < pixels; i++) to[(p * pixels + i) * channels + c] = from[(p * channels + c) * pixels + i];
}

void dk_channels_first(const float *from, float *to, long pictures, long channels, long pixels) {
  for (long p = 0; p < pictures; p++)
    for (long c = 0; c < channels; c++)
      for (long i = 0; i < pixels; i++) to[(p * channels + c) * pixels + i] = from[(p * pixels + i) * channels + c];
}

#define SELF "rows.c"
#include "each_isa.h"

void dk_rows_item(const dk_rows *r, long item) { DISPATCH(rows_item)(r, item); }

#else
#include "epilogue.h"

static void ISA(rows_item)(const dk_rows *r, long item) {
  long first = item * block_rows(r), end = first + block_rows(r) < r->rows ? first + block_rows(r) : r->rows;
  for (long row = first; row < end; row++)
    ISA(finish_row)(&r->epilogue, r->input + row * r->input_stride, r->output + row * r->output_stride,
                    row / r->picture_rows, row, 0, r->columns);
}
#endif
