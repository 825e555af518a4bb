#ifndef ISA_PASS
#define _GNU_SOURCE
#include "openblas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "openblas_product.h"

// With most of its kernels, the last bits of OpenBLAS's result for a row depend on how many rows a call has and on the
// row's place among them. So each call has BLOCK rows, counted from a picture's first one, and COLUMNS columns at most,
// whatever the batch and the threads; missing rows are zeros.
enum { BLOCK = 128, COLUMNS = 320 };

// cblas.h's constants: matrices by rows, the second one transposed.
enum { BY_ROWS = 101, AS_IT_IS = 111, TRANSPOSED = 112 };
typedef void (*product)(int order, int a, int b, int rows, int columns, int depth, float factor, const float *from,
                        int from_stride, const float *weights, int weights_stride, float kept, float *to, int to_stride);

static product multiply;

/// Our own threads call it, each for items of its own. So it is told to make none: its threads ask for 128 MiB each, and
/// where an address limit refuses them, they ask for ever and the process does not end.
static void open_library(void) {
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return;
  multiply = (product)dlsym(library, "cblas_sgemm");
}

int dk_has_openblas(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_library);
  return multiply != NULL;
}

static long least(long a, long b) { return a < b ? a : b; }
static long parts(long count, long size) { return (count + size - 1) / size; }
static long area_of(const dk_convolution *c) { return c->out_height * c->out_width; }

long dk_openblas_items(const dk_convolution *c) {
  return c->pictures * parts(area_of(c), BLOCK) * parts(c->outputs, COLUMNS);
}

/// The result, and rows of a block that are fewer than BLOCK.
long dk_openblas_scratch(const dk_convolution *c) {
  long filled_up = area_of(c) % BLOCK > 0 ? BLOCK * c->channels : 0;
  return parts((BLOCK * COLUMNS + filled_up) * 4, 64) * 64;
}

#define SELF "openblas.c"
#include "each_isa.h"

void dk_openblas_item(const dk_convolution *c, long item, char *scratch) {
  long chunks = parts(c->outputs, COLUMNS), blocks = parts(area_of(c), BLOCK);
  long picture = item / chunks / blocks, start = item / chunks % blocks * BLOCK, rows = least(BLOCK, area_of(c) - start);
  long row = picture * area_of(c) + start, column = item % chunks * COLUMNS, columns = least(COLUMNS, c->outputs - column);
  float *result = (float *)scratch, *copy = result + BLOCK * COLUMNS;
  const float *from = (const float *)c->input + row * c->pixel_stride;
  long stride = c->pixel_stride;
  if (rows < BLOCK) {
    for (long r = 0; r < rows; r++) memcpy(copy + r * c->channels, from + r * stride, (size_t)c->channels * 4);
    memset(copy + rows * c->channels, 0, (size_t)((BLOCK - rows) * c->channels) * 4);
    from = copy, stride = c->channels;
  }
  multiply(BY_ROWS, AS_IT_IS, TRANSPOSED, BLOCK, (int)columns, (int)c->channels, 1, from, (int)stride,
           (const float *)c->weights + column * c->channels, (int)c->channels, 0, result, COLUMNS);
  DISPATCH(finish_block, dk_float32)(c, result, picture, row, rows, column, columns);
}

#else
#include "epilogue.h"

static void ISA(finish_block)(const dk_convolution *c, const float *result, long picture, long row, long rows,
                              long column, long columns) {
  for (long r = 0; r < rows; r++)
    ISA(finish_row)(&c->epilogue, result + r * COLUMNS, (NUMBER *)c->output + (row + r) * c->output_stride + column,
                    picture, row + r, column, columns);
}
#endif
