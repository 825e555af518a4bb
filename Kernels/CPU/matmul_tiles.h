#pragma once
#include "matmul.h"

/// The kernels of dk_convolution for weights packed as dk_tiles_bfloat16. The processor must have AMX.
long dk_tiles_items(const dk_convolution *c);
long dk_tiles_scratch(const dk_convolution *c);
void dk_tiles_item(const dk_convolution *c, long item, char *scratch);

/// How a convolution is cut: a *strip* of output pixels, for which a second-level cache holds the input, times a group
/// of columns, is one item.
typedef struct {
  int plain;  // the factors of a row are one pixel: rows of a matrix, wherever they lie in pictures
  int flat;  // tiles run on over the ends of a strip's lines; else they begin anew with each line
  long pictures, rows, width;  // of a strip; the last may be smaller. A plain matrix is one line.
  long across, down, strips;  // strips in a line, in a picture's height, and in all
  long group, groups;  // columns' tiles of an item
  long blocks;  // of DEEP channels
  long pitch;  // numbers from one copied pixel to the next
} dk_cut;

dk_cut dk_cut_of(const dk_convolution *c);
/// Numbers of input that a strip of `rows` lines of `width` pixels copies.
long dk_copied_numbers(const dk_convolution *c, const dk_cut *cut, long rows, long width);
/// Whether a strip's input is copied first: with zeros around it, or to fill up tiles.
int dk_is_copied(const dk_convolution *c, const dk_cut *cut, long pixels);
