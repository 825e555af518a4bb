#pragma once
/// Weights of matrix products of vectors lie in panels of PANEL columns; column counts are padded to GRAIN.
enum { PANEL = 48, GRAIN = 16 };

/// A processor's tile has SIDE rows of 64 bytes: SIDE sums in float32, or DEEP numbers in bfloat16. One product takes
/// DEEP factors of SIDE rows and SIDE columns.
enum { SIDE = 16, DEEP = 32 };

static inline long panel_width(long outputs, long panel) {
  long left = (outputs + GRAIN - 1) / GRAIN * GRAIN - panel * PANEL;
  return left < PANEL ? left : PANEL;
}
