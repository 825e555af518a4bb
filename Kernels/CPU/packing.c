#include "packing.h"

#include <string.h>

#include "int8.h"
#include "panel.h"
#include "winograd.h"

// Bytes of a column's scale and of its sum.
enum { BESIDE = 8 };

static long up(long count, long step) { return (count + step - 1) / step * step; }

long dk_packed_bytes(long outputs, long channels, long area, dk_packing packing) {
  switch (packing) {
    case dk_panels_float32: return up(outputs, GRAIN) * area * channels * 4;
    case dk_panels_bfloat16: return up(outputs, GRAIN) * area * up(channels, 2) * 2;
    case dk_tiles_bfloat16: return up(outputs, SIDE) * area * up(channels, DEEP) * 2;
    case dk_rows_float32: return outputs * channels * area * 4;
    case dk_panels_int8: return up(outputs, GRAIN) * (up(channels, QUAD) + BESIDE);
    case dk_tiles_int8: return up(outputs, GRAIN) * (up(channels, DEEP_INT8) + BESIDE);
    case dk_winograd2_int16:
    case dk_winograd4_int16:
    case dk_winograd4_float32: return up(outputs, GRAIN) * dk_winograd_column_bytes(channels, packing);
  }
}

/// Rounded to the nearest, ties to even; NaN stays NaN.
static unsigned short bfloat16(float x) {
  unsigned bits;
  memcpy(&bits, &x, sizeof bits);
  return (unsigned short)((x == x ? bits + 0x7fff + ((bits >> 16) & 1) : bits | 0x400000) >> 16);
}

static void pack_panels(const float *rows, long first, long count, long channels, long area, void *packed,
                        long outputs, int pairs) {
  long depth = channels * area, stored = pairs ? up(channels, 2) : channels;
  while (count > 0) {
    long panel = first / PANEL, width = panel_width(outputs, panel), left = (panel + 1) * PANEL - first;
    long columns = count < left ? count : left, at = panel * PANEL * area * stored, column = first % PANEL;
    for (long tap = 0; tap < area; tap++)
      for (long c = 0; c < channels; c++)
        for (long i = 0; i < columns; i++) {
          float weight = rows[i * depth + c * area + tap];
          long row = tap * stored + c;
          if (pairs)
            ((unsigned short *)packed)[at + (row / 2 * width + column + i) * 2 + row % 2] = bfloat16(weight);
          else
            ((float *)packed)[at + row * width + column + i] = weight;
        }
    first += columns, count -= columns, rows += columns * depth;
  }
}

static void pack_tiles(const float *rows, long first, long count, long channels, long area, unsigned short *packed) {
  long blocks = up(channels, DEEP) / DEEP, side = 1;
  while (side * side < area) side++;
  while (count > 0) {
    long column = first % SIDE, columns = count < SIDE - column ? count : SIDE - column;
    for (long tap = 0; tap < area; tap++) {
      long tile = first / SIDE * blocks * area + tap % side * side + tap / side;
      for (long c = 0; c < channels; c++) {
        unsigned short *to = packed + (tile + c / DEEP * area) * SIDE * DEEP + c % DEEP / 2 * DEEP + column * 2 + c % 2;
        for (long i = 0; i < columns; i++) to[i * 2] = bfloat16(rows[i * channels * area + c * area + tap]);
      }
    }
    first += columns, count -= columns, rows += columns * channels * area;
  }
}

/// What a column's weights are multiplied by to be whole numbers of -127 ... 127, and what brings them back. Weights that
/// are not finite make the column's results NaN; those of next to nothing count as zeros.
static float scale_of(const float *weights, long channels, float *inverse) {
  float largest = 0;
  int finite = 1;
  for (long c = 0; c < channels; c++) {
    float size = __builtin_fabsf(weights[c]);
    finite &= size <= 3.402823466e38f;
    largest = size > largest ? size : largest;
  }
  int some = finite && largest >= 0x1p-100f;
  *inverse = some ? 127 / largest : 0;
  return !finite ? __builtin_nanf("") : some ? largest / 127 : 0;
}

/// Brings a column to 8 bits, in fours that lie `apart` bytes from each other. Returns the sum of its numbers.
static int pack_column(const float *weights, long channels, float inverse, signed char *to, long apart) {
  int sum = 0;
  for (long c = 0; c < channels && inverse > 0; c++) {
    float scaled = weights[c] * inverse;
    float rounded = scaled + 12582912.0f;  // 1.5 * 2^23: to the nearest whole number, ties to even
    int whole = (int)(rounded - 12582912.0f);
    to[c / QUAD * apart + c % QUAD] = (signed char)whole;
    sum += whole;
  }
  return sum;
}

static void pack_int8(const float *rows, long first, long count, long channels, char *packed, long outputs, int tiles) {
  long depth = up(channels, tiles ? DEEP_INT8 : QUAD), padded = up(outputs, GRAIN);
  float *scales = (float *)(packed + padded * depth);
  int *offsets = (int *)(scales + padded);
  for (long i = first; i < first + count; i++, rows += channels) {
    long width = tiles ? SIDE : panel_width(outputs, i / PANEL), start = tiles ? i / SIDE * SIDE : i / PANEL * PANEL;
    float inverse;
    scales[i] = scale_of(rows, channels, &inverse);
    signed char *to = (signed char *)packed + start * depth + (i - start) * QUAD;
    offsets[i] = 128 * pack_column(rows, channels, inverse, to, width * QUAD);
  }
}

void dk_pack_weights(const float *rows, long first, long count, long channels, long area, void *packed,
                     long outputs, dk_packing packing) {
  if (packing == dk_tiles_bfloat16)
    pack_tiles(rows, first, count, channels, area, packed);
  else if (packing == dk_panels_int8 || packing == dk_tiles_int8)
    pack_int8(rows, first, count, channels * area, packed, outputs, packing == dk_tiles_int8);
  else if (packing == dk_rows_float32)
    memcpy((float *)packed + first * channels * area, rows, (size_t)(count * channels * area) * sizeof(float));
  else if (dk_is_winograd(packing))
    dk_pack_winograd(rows, first, count, channels, packed, outputs, packing);
  else
    pack_panels(rows, first, count, channels, area, packed, outputs, packing == dk_panels_bfloat16);
}
