#ifndef ISA_PASS
#include "rows.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 16 << 10 };

static long block_rows(const dk_rows *r) { return r->columns < BLOCK ? BLOCK / (r->columns + 1) + 1 : 1; }

long dk_rows_items(const dk_rows *r) { return (r->rows + block_rows(r) - 1) / block_rows(r); }

void dk_upsample_item(const dk_upsample *u, long item) {
  long picture = item / u->out_height, y = item % u->out_height * u->in_height / u->out_height;
  long bytes = dk_bytes(u->storage), size = u->channels * bytes;
  const char *from = (const char *)u->input + (picture * u->in_height + y) * u->in_width * u->pixel_stride * bytes;
  char *to = (char *)u->output + item * u->out_width * size;
  for (long x = 0; x < u->out_width; x++)
    memcpy(to + x * size, from + x * u->in_width / u->out_width * u->pixel_stride * bytes, (size_t)size);
}

#define SELF "rows.c"
#include "each_isa.h"

void dk_rows_item(const dk_rows *r, long item) { DISPATCH(rows_item, r->storage)(r, item); }
void dk_embed(const dk_embedding *e) { DISPATCH(embed, e->storage)(e); }

void dk_channels_last(const float *from, void *to, long pictures, long channels, long pixels, dk_storage storage) {
  DISPATCH(channels_last, storage)(from, to, pictures, channels, pixels);
}

void dk_channels_first(const void *from, float *to, long pictures, long channels, long pixels, dk_storage storage) {
  DISPATCH(channels_first, storage)(from, to, pictures, channels, pixels);
}

#else
#include "epilogue.h"

static void ISA(rows_item)(const dk_rows *r, long item) {
  long first = item * block_rows(r), end = first + block_rows(r) < r->rows ? first + block_rows(r) : r->rows;
  for (long row = first; row < end; row++) {
    const NUMBER *from = (const NUMBER *)r->input + row * r->input_stride;
    NUMBER *to = (NUMBER *)r->output + row * r->output_stride;
    for (long c = 0; c < r->columns; c += LANES) {
      long count = r->columns - c < LANES ? r->columns - c : LANES;
      VF x = ISA(finish)(&r->epilogue, ISA(load_some)(from + c, count), row / r->picture_rows, row, c, count);
      ISA(store_some)(to + c, x, count);
    }
  }
}

static void ISA(embed)(const dk_embedding *e) {
  for (long i = 0; i < e->sequences * e->length; i++) {
    NUMBER *to = (NUMBER *)e->output + i * e->width;
    long id = e->ids[i] >= 0 && e->ids[i] < (float)e->table_rows ? (long)e->ids[i] : -1;
    for (long c = 0; c < e->width; c += LANES) {
      long count = e->width - c < LANES ? e->width - c : LANES;
      VF x = (VF){0} + NAN;
      if (id >= 0) x = ISA(load_float_some)(e->table + id * e->width + c, count);
      if (e->positions) x += ISA(load_float_some)(e->positions + i % e->length * e->width + c, count);
      ISA(store_some)(to + c, x, count);
    }
  }
}

static void ISA(channels_last)(const float *from, void *numbers, long pictures, long channels, long pixels) {
  NUMBER *to = numbers;
  for (long p = 0; p < pictures; p++)
    for (long c = 0; c < channels; c++)
      for (long i = 0; i < pixels; i++)
        ISA(store_some)(to + (p * pixels + i) * channels + c, (VF){from[(p * channels + c) * pixels + i]}, 1);
}

static void ISA(channels_first)(const void *numbers, float *to, long pictures, long channels, long pixels) {
  const NUMBER *from = numbers;
  for (long p = 0; p < pictures; p++)
    for (long c = 0; c < channels; c++)
      for (long i = 0; i < pixels; i++)
        to[(p * channels + c) * pixels + i] = ISA(widen)(from[(p * pixels + i) * channels + c]);
}
#endif
