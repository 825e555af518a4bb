#ifndef ISA_PASS
#include <math.h>
#include <string.h>

#include "panel.h"
#include "winograd.h"

enum { TAPS = 9 };

long dk_winograd_column_bytes(long channels, dk_packing packing) {
  long edge = packing == dk_winograd2_int16 ? 4 : 6;
  if (packing == dk_winograd4_float32) return edge * edge * channels * 4 + 4;
  return edge * edge * ((channels + 1) / 2 + 1) * 4 + 4;
}

/// The power of two to take off a column so that its transform is far from the ends of float32; not often one is
/// needed. `is_finite` says whether all of the weights are.
static int exponent_of(const float *row, long count, int *is_finite) {
  int largest = 0;
  for (long i = 0; i < count; i++) {
    int bits;
    memcpy(&bits, row + i, sizeof bits);
    bits &= 0x7fffffff;
    largest = bits > largest ? bits : largest;
  }
  *is_finite = largest < 0x7f800000;
  int exponent = (largest >> 23) - 127;
  return *is_finite && largest > 0 && (exponent > 40 || exponent < -40) ? exponent : 0;
}

/// Some of the GRAIN columns from `column` on: those from `begin` to before `end`.
typedef struct {
  const float *rows[GRAIN];  // of all GRAIN columns; those that are not packed stand in for others
  long begin, end, channels, edge;
  char *panel;  // packed
  long width, column;  // of the panel, in it
} grain;

#define SELF "winograd_weights.c"
#include "each_isa.h"

void dk_pack_winograd(const float *rows, long first, long count, long channels, void *packed, long outputs,
                      dk_packing packing) {
  for (long column = first / GRAIN * GRAIN; column < first + count; column += GRAIN) {
    long panel = column / PANEL;
    grain g = {.begin = first > column ? first - column : 0,
               .end = first + count - column < GRAIN ? first + count - column : GRAIN,
               .channels = channels,
               .edge = packing == dk_winograd2_int16 ? 4 : 6,
               .panel = (char *)packed + panel * PANEL * dk_winograd_column_bytes(channels, packing),
               .width = panel_width(outputs, panel),
               .column = column % PANEL};
    for (long i = 0; i < GRAIN; i++) {
      long one = i < g.begin ? g.begin : i < g.end ? i : g.end - 1;
      g.rows[i] = rows + (column + one - first) * channels * TAPS;
    }
    if (packing == dk_winograd4_float32)
      DISPATCH(pack, dk_float32)(&g);
    else
      DISPATCH(pack, dk_bfloat16)(&g);
  }
}

#else
#include "vector.h"

#undef UNROLL
#define UNROLL _Pragma("clang loop unroll(full)")
#include "winograd_transforms.h"

#undef VECTORS
#define VECTORS (GRAIN / LANES)

/// Columns' powers of two, and what stands for weights of a column that has some that are not finite.
typedef struct {
  VF once[VECTORS], again[VECTORS];
  VI is_finite[VECTORS];
} ISA(columns);

/// Transforms the kernels of one channel for LANES columns.
INLINE void ISA(transform)(const grain *g, const ISA(columns) *all, long channel, int v, VF *points, const int edge) {
  VF taps[TAPS];
  UNROLL for (int t = 0; t < TAPS; t++) {
    UNROLL for (int i = 0; i < LANES; i++) taps[t][i] = g->rows[v * LANES + i][channel * TAPS + t];
#ifdef STORES_BF16
    const VF instead = {0};
#else
    const VF instead = (VF){0} + NAN;
#endif
    taps[t] = ISA(select)(all->is_finite[v], taps[t] * all->once[v] * all->again[v], instead);
  }
  ISA(kernels_to_points)(taps, points, edge);
}

/// Stores those of GRAIN columns that are packed now.
INLINE void ISA(store_columns)(const grain *g, char *at, const VF *vectors) {
  if (g->begin == 0 && g->end == GRAIN)
    memcpy(at, vectors, GRAIN * 4);
  else
    memcpy(at + g->begin * 4, (const char *)vectors + g->begin * 4, (size_t)(g->end - g->begin) * 4);
}

static void ISA(measure_columns)(const grain *g, ISA(columns) *all, char *exponents) {
  VI stored[VECTORS];
  for (int i = 0; i < GRAIN; i++) {
    int is_finite, exponent = exponent_of(g->rows[i], g->channels * TAPS, &is_finite);
    all->once[i / LANES][i % LANES] = scalbnf(1, -exponent / 2);
    all->again[i / LANES][i % LANES] = scalbnf(1, -exponent + exponent / 2);
    all->is_finite[i / LANES][i % LANES] = -is_finite;
    stored[i / LANES][i % LANES] = exponent;
  }
  ISA(store_columns)(g, exponents + g->column * 4, (const VF *)stored);
}

#ifdef STORES_BF16
/// The scales that whole numbers need: lengths at most 2^15.45, none beyond 16 bits.
INLINE void ISA(find_scales)(const grain *g, const ISA(columns) *all, VF scales[][VECTORS], const int edge) {
  VF squares[6 * 6][VECTORS] = {0}, peaks[6 * 6][VECTORS] = {0};
  for (long c = 0; c < g->channels; c++)
    UNROLL for (int v = 0; v < VECTORS; v++) {
      VF points[6 * 6];
      ISA(transform)(g, all, c, v, points, edge);
      UNROLL for (int p = 0; p < edge * edge; p++) {
        VF square = points[p] * points[p];
        squares[p][v] += square;
        peaks[p][v] = ISA(select)(square > peaks[p][v], square, peaks[p][v]);
      }
    }
  for (int p = 0; p < edge * edge; p++)
    for (int v = 0; v < VECTORS; v++)
      for (int i = 0; i < LANES; i++)
        scales[p][v][i] = fminf(44762.0f / fmaxf(sqrtf(squares[p][v][i]), 0x1p-60f),
                                32767.0f / fmaxf(sqrtf(peaks[p][v][i]), 0x1p-60f));
}

INLINE void ISA(pack_points)(const grain *g, const int edge) {
  ISA(columns) all;
  VF scales[6 * 6][VECTORS], inverse[VECTORS];
  const long groups = (g->channels + 1) / 2, plane = groups * g->width * 4, line = g->width * 4;
  char *after = g->panel + edge * edge * plane;
  ISA(measure_columns)(g, &all, after + edge * edge * line);
  ISA(find_scales)(g, &all, scales, edge);
  for (int p = 0; p < edge * edge; p++) {
    for (int v = 0; v < VECTORS; v++)
      inverse[v] = ISA(select)(all.is_finite[v], 1 / scales[p][v], (VF){0} + NAN);
    ISA(store_columns)(g, after + p * line + g->column * 4, inverse);
  }
  for (long k = 0; k < groups; k++) {
    VI pairs[6 * 6][VECTORS];
    UNROLL for (int v = 0; v < VECTORS; v++) {
      VF first[6 * 6], second[6 * 6];
      ISA(transform)(g, &all, 2 * k, v, first, edge);
      if (2 * k + 1 < g->channels)
        ISA(transform)(g, &all, 2 * k + 1, v, second, edge);
      else
        memset(second, 0, sizeof second);
      // 1.5 * 2^23 brings the nearest whole number into the lower bits.
      UNROLL for (int p = 0; p < edge * edge; p++) {
        VI low = (VI)(first[p] * scales[p][v] + 12582912.0f), high = (VI)(second[p] * scales[p][v] + 12582912.0f);
        pairs[p][v] = (low & 0xffff) | high << 16;
      }
    }
    UNROLL for (int p = 0; p < edge * edge; p++)
        ISA(store_columns)(g, g->panel + p * plane + k * line + g->column * 4, (const VF *)pairs[p]);
  }
}

static void ISA(pack)(const grain *g) {
  if (g->edge == 4)
    ISA(pack_points)(g, 4);
  else
    ISA(pack_points)(g, 6);
}
#else
static void ISA(pack)(const grain *g) {
  ISA(columns) all;
  const long line = g->width * 4, plane = g->channels * line;
  ISA(measure_columns)(g, &all, g->panel + 6 * 6 * plane);
  for (long c = 0; c < g->channels; c++) {
    VF points[VECTORS][6 * 6];
    UNROLL for (int v = 0; v < VECTORS; v++) ISA(transform)(g, &all, c, v, points[v], 6);
    UNROLL for (int p = 0; p < 6 * 6; p++) {
      VF columns[VECTORS];
      UNROLL for (int v = 0; v < VECTORS; v++) columns[v] = points[v][p];
      ISA(store_columns)(g, g->panel + p * plane + c * line + g->column * 4, columns);
    }
  }
}
#endif
#undef INLINE
#endif
