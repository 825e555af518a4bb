#include <png.h>
#include <string.h>

#include "common.h"

// What has to survive a longjmp: since its address is handed on, no part of it stays in a register.
typedef struct {
  char *message;
  cpictures_file written;
  size_t room;
  const uint8_t *unread;
  size_t left;
  cpictures_pixels pixels;
  png_bytep *rows;
} png_state;

static void on_error(png_structp png, png_const_charp reason) {
  png_state *state = png_get_error_ptr(png);
  cpictures_fail(state->message, reason);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp reason) {
  (void)png;
  (void)reason;
}

static void append(png_structp png, png_bytep bytes, size_t count) {
  png_state *state = png_get_io_ptr(png);
  cpictures_file *file = &state->written;
  if (count > state->room - file->count) {
    size_t room = 2 * (file->count + count);
    uint8_t *larger = realloc(file->bytes, room);
    if (!larger) png_error(png, "out of memory");
    file->bytes = larger;
    state->room = room;
  }
  memcpy(file->bytes + file->count, bytes, count);
  file->count += count;
}

static void flush(png_structp png) { (void)png; }

static void take(png_structp png, png_bytep bytes, size_t count) {
  png_state *state = png_get_io_ptr(png);
  if (count > state->left) png_error(png, "the file is truncated");
  memcpy(bytes, state->unread, count);
  state->unread += count;
  state->left -= count;
}

cpictures_status cpictures_encode_png(
  const uint8_t *rgb, uint32_t width, uint32_t height, cpictures_file *file, char *message) {
  png_state state = {.message = message};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_write_struct(&png, NULL);
    return cpictures_fail(message, "out of memory");
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    free(state.written.bytes);
    return CPICTURES_FAILED;
  }
  png_set_write_fn(png, &state, append, flush);
  png_set_IHDR(
    png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
    PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (uint32_t y = 0; y < height; y++) png_write_row(png, rgb + (size_t)y * width * 3);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  *file = state.written;
  return CPICTURES_OK;
}

/// Everything after the header; `false` if the picture is larger than the limits.
static bool read_pixels(
  png_structp png, png_infop info, png_state *state, cpictures_limits limits) {
  // All ancillary chunks but tRNS are skipped unread, so that none of them can be a bomb. gAMA and cHRM say
  // nothing, as programs wrote them wrongly for years.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // our own check names the size
  png_read_info(png, info);
  cpictures_pixels *pixels = &state->pixels;
  pixels->width = png_get_image_width(png, info);
  pixels->height = png_get_image_height(png, info);
  if (!cpictures_fits(pixels->width, pixels->height, limits)) return false;

  png_set_expand(png);
  if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) png_set_swap(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  uint32_t channels = png_get_channels(png, info);
  pixels->alpha = channels % 2 == 0;
  pixels->colours = channels - pixels->alpha;
  pixels->bits = png_get_bit_depth(png, info);
  size_t row = cpictures_row(pixels);
  if (png_get_rowbytes(png, info) != row) png_error(png, "unknown kind of pixels");
  state->rows = malloc(sizeof(png_bytep) * pixels->height);
  if (!cpictures_allocate(pixels) || !state->rows) png_error(png, "out of memory");
  for (uint32_t y = 0; y < pixels->height; y++) state->rows[y] = pixels->bytes + y * row;
  png_read_image(png, state->rows);
  return true;
}

cpictures_status cpictures_decode_png(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message) {
  png_state state = {.message = message, .unread = bytes, .left = count};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_read_struct(&png, NULL, NULL);
    return cpictures_fail(message, "out of memory");
  }
  if (setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    free(state.rows);
    free(state.pixels.bytes);
    return CPICTURES_FAILED;
  }
  png_set_read_fn(png, &state, take);
  bool fits = read_pixels(png, info, &state, limits);
  png_destroy_read_struct(&png, &info, NULL);
  free(state.rows);
  *pixels = state.pixels;
  return fits ? CPICTURES_OK : CPICTURES_TOO_LARGE;
}
