#include "packing.h"

#include <string.h>

#include "panel.h"

static long up(long count, long step) { return (count + step - 1) / step * step; }

long dk_packed_bytes(long outputs, long channels, long area, dk_packing packing) {
  switch (packing) {
    case dk_panels_float32: return up(outputs, GRAIN) * area * channels * 4;
    case dk_panels_bfloat16: return up(outputs, GRAIN) * area * up(channels, 2) * 2;
    case dk_tiles_bfloat16: return up(outputs, SIDE) * area * up(channels, DEEP) * 2;
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

void dk_pack_weights(const float *rows, long first, long count, long channels, long area, void *packed,
                     long outputs, dk_packing packing) {
  if (packing == dk_tiles_bfloat16)
    pack_tiles(rows, first, count, channels, area, packed);
  else
    pack_panels(rows, first, count, channels, area, packed, outputs, packing == dk_panels_bfloat16);
}
