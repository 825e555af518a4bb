#include "matmul_tiles.h"
#include "panel.h"

// A strip's input and the weights that pass by share the second-level cache, which has 2 MiB on processors with tiles.
enum { COPIED_BYTES = 1 << 20, MATRIX_BYTES = 1400 << 10, STRIP_PIXELS = 512, ITEMS_PER_THREAD = 8 };

static long least(long a, long b) { return a < b ? a : b; }
static long most(long a, long b) { return a > b ? a : b; }
static long parts(long count, long size) { return (count + size - 1) / size; }
static long up(long count, long step) { return parts(count, step) * step; }

long dk_copied_numbers(const dk_convolution *c, const dk_cut *cut, long rows, long width) {
  if (cut->plain) return up(width, 2 * SIDE) * cut->pitch;
  return ((rows - 1) * c->stride + c->kernel_height) * ((width - 1) * c->stride + c->kernel_width) * cut->pitch;
}

int dk_is_copied(const dk_convolution *c, const dk_cut *cut, long pixels) {
  return !cut->plain || c->channels % DEEP != 0 || pixels % SIDE != 0;
}

static void cut_matrix(const dk_convolution *c, dk_cut *cut) {
  long pixels = c->pictures * c->out_height * c->out_width, depth = cut->blocks * DEEP * 2;
  long fit = MATRIX_BYTES / depth / (2 * SIDE) * 2 * SIDE;
  long width = most(2 * SIDE, least(STRIP_PIXELS, fit));
  cut->pictures = cut->rows = cut->down = 1;
  cut->width = up(parts(pixels, parts(pixels, width)), 2 * SIDE);
  cut->across = cut->strips = parts(pixels, cut->width);
}

static void cut_pictures(const dk_convolution *c, dk_cut *cut) {
  cut->flat = c->stride == 1 && c->out_width % SIDE != 0;
  cut->pictures = 1;
  cut->rows = least(4, c->out_height);
  cut->width = c->out_width;
  while (cut->width > SIDE && dk_copied_numbers(c, cut, cut->rows, cut->width) * 2 > COPIED_BYTES)
    cut->width = up(cut->width / 2, SIDE);
  while (cut->rows * 2 <= c->out_height && cut->rows * cut->width < STRIP_PIXELS &&
         dk_copied_numbers(c, cut, cut->rows * 2, cut->width) * 2 <= COPIED_BYTES)
    cut->rows *= 2;
  cut->across = parts(c->out_width, cut->width);
  cut->down = parts(c->out_height, cut->rows);
  if (cut->across == 1 && cut->down == 1)
    while (cut->pictures * 2 <= c->pictures && cut->pictures * cut->rows * cut->width < STRIP_PIXELS &&
           dk_copied_numbers(c, cut, cut->rows, cut->width) * cut->pictures * 4 <= COPIED_BYTES)
      cut->pictures *= 2;
  cut->strips = parts(c->pictures, cut->pictures) * cut->down * cut->across;
}

dk_cut dk_cut_of(const dk_convolution *c) {
  dk_cut cut = {.blocks = parts(c->channels, DEEP)};
  // An odd number of cache lines, so that pixels do not fall on the same places of the first-level cache.
  cut.pitch = (cut.blocks | 1) * DEEP;
  cut.plain = c->kernel_height * c->kernel_width == 1 && c->stride == 1 && c->pad_top == 0 && c->pad_left == 0 &&
              c->in_height == c->out_height && c->in_width == c->out_width;
  if (cut.plain)
    cut_matrix(c, &cut);
  else
    cut_pictures(c, &cut);
  long tiles = parts(c->outputs, SIDE), wanted = parts(ITEMS_PER_THREAD * c->threads, cut.strips);
  cut.group = up(parts(tiles, most(1, least(wanted, tiles))), 2);
  cut.groups = parts(tiles, cut.group);
  return cut;
}

long dk_tiles_items(const dk_convolution *c) {
  dk_cut cut = dk_cut_of(c);
  return cut.strips * cut.groups;
}

long dk_tiles_scratch(const dk_convolution *c) {
  dk_cut cut = dk_cut_of(c);
  if (cut.plain && !dk_is_copied(c, &cut, cut.width) && !dk_is_copied(c, &cut, c->pictures * c->out_height * c->out_width))
    return 0;
  // Tiles may look beyond the strip, at numbers whose sums are thrown away: up to three lines and a tile.
  long line = ((cut.width - 1) * c->stride + c->kernel_width) * cut.pitch;
  long beyond = (cut.plain ? 0 : 3 * line) + (2 * SIDE * c->stride + c->kernel_width) * cut.pitch;
  return up((cut.pictures * dk_copied_numbers(c, &cut, cut.rows, cut.width) + beyond) * 2, 4096);
}
