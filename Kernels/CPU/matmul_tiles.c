#include "matmul_tiles.h"

#include <string.h>

#if defined(__x86_64__)
#include "tiles.h"

enum { TAKEN = 2 * SIDE * 2 * SIDE };  // sums of one go

/// A strip's output, and where its tiles read.
typedef struct {
  const dk_convolution *c;
  const dk_cut *cut;
  long picture, pictures, y, rows, x, width;
  const NUMBER *from;
  long pitch, line, plane;  // numbers from one pixel, line and picture to the next
  long tiles_a_line, tiles;  // of pixels
} strip;

/// Where tile `t` of a strip's pixels begins to read.
static const NUMBER *tile_at(const strip *s, long t) {
  if (s->cut->flat) {
    long each = s->tiles / s->pictures;
    return s->from + t / each * s->plane + t % each * SIDE * s->pitch;
  }
  long line = t / s->tiles_a_line, x = t % s->tiles_a_line * SIDE;
  return s->from + line / s->rows * s->plane + (line % s->rows * s->line + x * s->pitch) * s->c->stride;
}

/// The output rows of tile `t`'s pixels; -1 for those that lie beyond the strip.
static void tile_rows(const strip *s, long t, long *rows) {
  const dk_convolution *c = s->c;
  long picture, y, x, end = s->width;
  if (s->cut->flat) {
    long each = s->tiles / s->pictures, at = t % each * SIDE;
    end = s->line / s->pitch;
    picture = t / each, y = at / end, x = at % end;
  } else {
    long line = t / s->tiles_a_line;
    picture = line / s->rows, y = line % s->rows, x = t % s->tiles_a_line * SIDE;
  }
  long width = s->cut->plain ? 0 : c->out_width, first = (s->picture + picture) * c->out_height + s->y;
  for (long r = 0; r < SIDE; r++, x++) {
    if (s->cut->flat && x == end) x = 0, y++;
    rows[r] = t < s->tiles && y < s->rows && x < s->width ? (first + y) * width + s->x + x : -1;
  }
}

/// Sums that wait for their epilogue. It is done a few rows at a time between the products of the next sums, since the
/// processor can do both at once.
typedef struct {
  const dk_convolution *c;
  const float *sums;  // [count][columns]
  long columns, count, next;
  long column, used;  // first, and how many belong to the output
  long rows[4 * SIDE];
} unfinished;

static inline void finish_some(unfinished *u, long count) {
  const dk_convolution *c = u->c;
  long end = u->next + count < u->count ? u->next + count : u->count;
  for (; u->next < end; u->next++) {
    long row = u->rows[u->next];
    if (row < 0) continue;
    long picture = c->epilogue.vector ? row / (c->out_height * c->out_width) : 0;
    ISA(finish_row)(&c->epilogue, u->sums + u->next * u->columns, (NUMBER *)c->output + row * c->output_stride + u->column,
                    picture, row, u->column, u->used);
  }
}

/// Weights that are wanted soon: fetched into the second-level cache, some lines with each product.
typedef struct {
  const char *next, *end;
  long lines;
} fetching;

static inline void fetch_some(fetching *f) {
  for (long i = 0; i < f->lines && f->next < f->end; i++, f->next += 64) _mm_prefetch(f->next, _MM_HINT_T1);
}

static inline void fetch_tile(const NUMBER *tile) {
  for (int i = 0; i < 16; i++) _mm_prefetch((const char *)tile + i * 64, _MM_HINT_T0);
}

static inline void fetch_rows(const NUMBER *at, long step) {
  for (int i = 0; i < SIDE; i++) _mm_prefetch((const char *)at + i * step, _MM_HINT_T0);
}

/// sums[32][16 columns] = two tiles of pixels, from `a` and `b` on, times `columns` (1 or 2) tiles of columns.
static inline __attribute__((always_inline)) void multiply_pair(
    const strip *s, const NUMBER *a, const NUMBER *b, const NUMBER *weights, int columns, float *sums, unfinished *u,
    fetching *f) {
  const dk_convolution *c = s->c;
  long step = s->pitch * c->stride * 2, steps = s->cut->blocks * c->kernel_width * c->kernel_height;
  long share = (u->count + steps - 1) / steps, next = steps * TILE_NUMBERS;
  _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
  for (long block = 0; block < s->cut->blocks; block++)
    for (long kx = 0; kx < c->kernel_width; kx++)
      for (long ky = 0; ky < c->kernel_height; ky++, weights += TILE_NUMBERS) {
        long at = block * DEEP + kx * s->pitch + ky * s->line;
        _tile_loadd(4, a + at, step);
        _tile_loadd(6, weights, 64);
        fetch_tile(weights + 2 * TILE_NUMBERS);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(5, b + at, step);
        _tile_dpbf16ps(1, 5, 6);
        if (columns == 2) {
          _tile_loadd(7, weights + next, 64);
          fetch_tile(weights + next + 2 * TILE_NUMBERS);
          _tile_dpbf16ps(2, 4, 7);
          _tile_dpbf16ps(3, 5, 7);
        }
        // The rows of a matrix are too far apart for the processor to see what comes.
        if (s->cut->plain) fetch_rows(a + at + 2 * DEEP, step), fetch_rows(b + at + 2 * DEEP, step);
        finish_some(u, share);
        fetch_some(f);
      }
  long row = columns * SIDE;
  _tile_stored(0, sums, row * 4);
  _tile_stored(1, sums + SIDE * row, row * 4);
  if (columns == 2) {
    _tile_stored(2, sums + SIDE, row * 4);
    _tile_stored(3, sums + SIDE * row + SIDE, row * 4);
  }
}

/// sums[4 lines of 16 pixels][16] for a 3x3 kernel of stride 1: each tile of the input, six lines in all, is loaded once
/// for the up to three output lines that see it.
static inline void multiply_lines(const strip *s, const NUMBER *from, const NUMBER *weights, float *sums,
                                  unfinished *u, fetching *f) {
  long step = s->pitch * 2, steps = s->cut->blocks * 3, share = (u->count + steps - 1) / steps;
  _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);
  for (long block = 0; block < s->cut->blocks; block++)
    for (long kx = 0; kx < 3; kx++, weights += 3 * TILE_NUMBERS) {
      const NUMBER *at = from + block * DEEP + kx * s->pitch;
      _tile_loadd(4, weights, 64);
      _tile_loadd(7, at, step);
      _tile_dpbf16ps(0, 7, 4);
      _tile_loadd(5, weights + TILE_NUMBERS, 64);
      _tile_loadd(7, at + s->line, step);
      _tile_dpbf16ps(0, 7, 5);
      _tile_dpbf16ps(1, 7, 4);
      fetch_tile(weights + 3 * TILE_NUMBERS);
      _tile_loadd(6, weights + 2 * TILE_NUMBERS, 64);
      _tile_loadd(7, at + 2 * s->line, step);
      _tile_dpbf16ps(0, 7, 6);
      _tile_dpbf16ps(1, 7, 5);
      _tile_dpbf16ps(2, 7, 4);
      fetch_tile(weights + 4 * TILE_NUMBERS);
      _tile_loadd(7, at + 3 * s->line, step);
      _tile_dpbf16ps(1, 7, 6);
      _tile_dpbf16ps(2, 7, 5);
      _tile_dpbf16ps(3, 7, 4);
      fetch_tile(weights + 5 * TILE_NUMBERS);
      _tile_loadd(7, at + 4 * s->line, step);
      _tile_dpbf16ps(2, 7, 6);
      _tile_dpbf16ps(3, 7, 5);
      _tile_loadd(7, at + 5 * s->line, step);
      _tile_dpbf16ps(3, 7, 6);
      finish_some(u, share);
      fetch_some(f);
    }
  _tile_stored(0, sums, 64);
  _tile_stored(1, sums + SIDE * SIDE, 64);
  _tile_stored(2, sums + 2 * SIDE * SIDE, 64);
  _tile_stored(3, sums + 3 * SIDE * SIDE, 64);
}

/// Two places for sums, so that one can be finished while the other is made.
typedef struct {
  float sums[2][TAKEN] __attribute__((aligned(64)));
  int turn;
  unfinished last;
  fetching ahead;
} work;

/// Finishes what is left of the sums before, and lets those that were just made wait.
static unfinished *taken(work *w, const dk_convolution *c, long tile, long columns, long count) {
  finish_some(&w->last, w->last.count);
  long column = tile * SIDE, left = c->outputs - column;
  w->last.sums = w->sums[w->turn];
  w->last.columns = columns * SIDE;
  w->last.column = column;
  w->last.used = left < columns * SIDE ? left : columns * SIDE;
  w->last.count = count;
  w->last.next = 0;
  w->turn = !w->turn;
  return &w->last;
}

/// All pixels of the strip times `columns` tiles of columns from `tile` on.
static void multiply_strip(const strip *s, long tile, long columns, const NUMBER *weights, work *w) {
  for (long t = 0; t < s->tiles; t += 2) {
    const NUMBER *a = tile_at(s, t), *b = tile_at(s, t + 1 < s->tiles ? t + 1 : t);
    if (columns == 2)
      multiply_pair(s, a, b, weights, 2, w->sums[w->turn], &w->last, &w->ahead);
    else
      multiply_pair(s, a, b, weights, 1, w->sums[w->turn], &w->last, &w->ahead);
    unfinished *u = taken(w, s->c, tile, columns, 2 * SIDE);
    tile_rows(s, t, u->rows);
    tile_rows(s, t + 1, u->rows + SIDE);
  }
}

/// The same for one tile of columns, four lines at a time.
static void multiply_strip_lines(const strip *s, long tile, const NUMBER *weights, work *w) {
  for (long picture = 0; picture < s->pictures; picture++)
    for (long y = 0; y < s->rows; y += 4)
      for (long x = 0; x < s->tiles_a_line; x++) {
        const NUMBER *from = s->from + picture * s->plane + y * s->line + x * SIDE * s->pitch;
        multiply_lines(s, from, weights, w->sums[w->turn], &w->last, &w->ahead);
        long lines = s->rows - y < 4 ? s->rows - y : 4;
        unfinished *u = taken(w, s->c, tile, 1, lines * SIDE);
        for (long line = 0; line < lines; line++)
          tile_rows(s, (picture * s->rows + y + line) * s->tiles_a_line + x, u->rows + line * SIDE);
      }
}

/// Copies `count` numbers, and zeros after them up to whole blocks of DEEP.
static void copy_pixel(long count, const NUMBER *from, NUMBER *to) {
  for (long c = 0; c < count; c += DEEP) {
    __mmask32 used = count - c >= DEEP ? ~0u : (1u << (count - c)) - 1;
    _mm512_storeu_si512(to + c, _mm512_maskz_loadu_epi16(used, from + c));
  }
}

/// Copies the strip's input with zeros around the picture, and after each pixel's channels.
static void copy_strip(const strip *s, NUMBER *to) {
  const dk_convolution *c = s->c;
  const NUMBER *input = c->input;
  if (s->cut->plain) {
    for (long i = 0; i < s->width; i++) copy_pixel(c->channels, input + (s->x + i) * c->pixel_stride, to + i * s->pitch);
    return;
  }
  long lines = (s->rows - 1) * c->stride + c->kernel_height, pixels = s->line / s->pitch;
  for (long i = 0; i < s->pictures * lines; i++) {
    long picture = s->picture + i / lines, y = (s->y * c->stride) - c->pad_top + i % lines;
    NUMBER *line = to + i / lines * s->plane + i % lines * s->line;
    for (long j = 0; j < pixels; j++) {
      long x = s->x * c->stride - c->pad_left + j;
      int inside = y >= 0 && y < c->in_height && x >= 0 && x < c->in_width;
      if (inside)
        copy_pixel(c->channels, input + ((picture * c->in_height + y) * c->in_width + x) * c->pixel_stride,
                   line + j * s->pitch);
      else
        memset(line + j * s->pitch, 0, (size_t)s->cut->blocks * DEEP * 2);
    }
  }
}

static long least(long a, long b) { return a < b ? a : b; }

static strip strip_of(const dk_convolution *c, const dk_cut *cut, long index, NUMBER *scratch) {
  strip s = {.c = c, .cut = cut, .pictures = 1, .rows = 1};
  if (cut->plain) {
    s.x = index * cut->width;
    s.width = least(cut->width, c->pictures * c->out_height * c->out_width - s.x);
  } else {
    s.x = index % cut->across * cut->width;
    s.width = least(cut->width, c->out_width - s.x);
    s.y = index / cut->across % cut->down * cut->rows;
    s.rows = least(cut->rows, c->out_height - s.y);
    s.picture = index / cut->across / cut->down * cut->pictures;
    s.pictures = least(cut->pictures, c->pictures - s.picture);
  }
  int copied = dk_is_copied(c, cut, s.width);
  s.pitch = copied ? cut->pitch : c->pixel_stride;
  s.line = cut->plain ? 0 : ((s.width - 1) * c->stride + c->kernel_width) * s.pitch;
  s.plane = ((s.rows - 1) * c->stride + c->kernel_height) * s.line;
  s.tiles_a_line = (s.width + SIDE - 1) / SIDE;
  long flat = ((s.rows - 1) * (s.pitch > 0 ? s.line / s.pitch : 0) + s.width + SIDE - 1) / SIDE;
  s.tiles = s.pictures * (cut->flat ? flat : s.rows * s.tiles_a_line);
  s.from = copied ? scratch : (const NUMBER *)c->input + s.x * c->pixel_stride;
  if (copied) copy_strip(&s, scratch);
  return s;
}

void dk_tiles_item(const dk_convolution *c, long item, char *scratch) {
  dk_cut cut = dk_cut_of(c);
  strip s = strip_of(c, &cut, item % cut.strips, (NUMBER *)scratch);
  long column_numbers = cut.blocks * c->kernel_height * c->kernel_width * TILE_NUMBERS;
  long first = item / cut.strips * cut.group, all = (c->outputs + SIDE - 1) / SIDE;
  long end = least(first + cut.group, all);
  int in_lines = c->kernel_height == 3 && c->kernel_width == 3 && c->stride == 1 && !cut.flat;
  work w = {.last = {.c = c}};
  for (long tile = first, columns; tile < end; tile += columns) {
    columns = in_lines ? 1 : least(2, end - tile);
    const NUMBER *weights = (const NUMBER *)c->weights + tile * column_numbers;
    const char *next = (const char *)(weights + columns * column_numbers);
    long lines = column_numbers * columns * 2 / 64;
    long goes = in_lines ? s.pictures * ((s.rows + 3) / 4) * s.tiles_a_line : (s.tiles + 1) / 2;
    long steps = goes * column_numbers / TILE_NUMBERS / (in_lines ? 3 : 1);
    w.ahead = (fetching){next, tile + columns < end ? next + lines * 64 : next, (lines + steps - 1) / steps};
    if (in_lines)
      multiply_strip_lines(&s, tile, weights, &w);
    else
      multiply_strip(&s, tile, columns, weights, &w);
  }
  finish_some(&w.last, w.last.count);
}

END_TILES
#else
void dk_tiles_item(const dk_convolution *c, long item, char *scratch) { (void)c, (void)item, (void)scratch; }
#endif
