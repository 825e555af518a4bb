#include <setjmp.h>
#include <stdio.h>
#include <string.h>
// after stdio.h
#include <jerror.h>
#include <jpeglib.h>

#include "common.h"

// A progressive file may repeat scans at will. Each costs a pass over the whole picture, and the first takes
// memory for all coefficients.
enum { MOST_SCANS = 100 };

// What has to survive a longjmp: since its address is handed on, no part of it stays in a register.
typedef struct {
  struct jpeg_error_mgr errors;  // first: libjpeg hands back a pointer to it
  jmp_buf escape;
  char *message;
  unsigned char *written;
  unsigned long written_count;
  cpictures_pixels pixels;
} jpeg_state;

static void on_error(j_common_ptr codec) {
  jpeg_state *state = (jpeg_state *)codec->err;
  char reason[JMSG_LENGTH_MAX];
  state->errors.format_message(codec, reason);
  cpictures_fail(state->message, reason);
  longjmp(state->escape, 1);
}

static void on_message(j_common_ptr codec, int level) {
  (void)level;
  // libjpeg would fill the rest of the picture with grey.
  if (codec->err->msg_code == JWRN_JPEG_EOF) on_error(codec);
}

static void print_nothing(j_common_ptr codec) { (void)codec; }

static struct jpeg_error_mgr *handle_errors(jpeg_state *state) {
  struct jpeg_error_mgr *errors = jpeg_std_error(&state->errors);
  errors->error_exit = on_error;
  errors->emit_message = on_message;
  errors->output_message = print_nothing;
  return errors;
}

cpictures_status cpictures_encode_jpeg(
  const uint8_t *rgb, uint32_t width, uint32_t height, int quality, cpictures_file *file,
  char *message) {
  jpeg_state state = {.message = message};
  struct jpeg_compress_struct codec = {.err = handle_errors(&state)};
  if (setjmp(state.escape)) {
    // A grown buffer is handed out only here; before that, `written` may be one already freed.
    if (codec.dest) codec.dest->term_destination(&codec);
    jpeg_destroy_compress(&codec);
    free(state.written);
    return CPICTURES_FAILED;
  }
  jpeg_create_compress(&codec);
  jpeg_mem_dest(&codec, &state.written, &state.written_count);
  codec.image_width = width;
  codec.image_height = height;
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, quality, TRUE);
  for (int i = 0; i < codec.num_components; i++) {
    codec.comp_info[i].h_samp_factor = 1;
    codec.comp_info[i].v_samp_factor = 1;
  }
  codec.optimize_coding = TRUE;
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < height) {
    JSAMPROW row = (JSAMPROW)(rgb + (size_t)codec.next_scanline * width * 3);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  *file = (cpictures_file){state.written, state.written_count};
  return CPICTURES_OK;
}

/// The scans of a file, counted up to one more than `MOST_SCANS`. Between markers stand segments, which tell
/// their length, and after the start of a scan its data, in which no marker can occur but those of restarts.
static int count_scans(const uint8_t *bytes, size_t count) {
  const uint8_t *end = bytes + count;
  int scans = 0;
  while (scans <= MOST_SCANS && (bytes = memchr(bytes, 0xFF, end - bytes)) && end - bytes >= 4) {
    uint8_t marker = bytes[1];
    if (marker == 0xFF) {
      bytes += 1;
      continue;
    }
    if (marker == 0xD9) break;
    scans += marker == 0xDA;
    bool has_length = marker >= 0xC0 && !(marker >= 0xD0 && marker <= 0xD9);
    ptrdiff_t length = has_length ? 2 + (bytes[2] << 8 | bytes[3]) : 2;
    bytes += length < end - bytes ? length : end - bytes;
  }
  return scans;
}

/// Everything after the header; `false` if the picture is larger than the limits.
static bool read_pixels(j_decompress_ptr codec, jpeg_state *state, cpictures_limits limits) {
  cpictures_pixels *pixels = &state->pixels;
  *pixels = (cpictures_pixels){
    .width = codec->image_width, .height = codec->image_height, .bits = 8};
  if (!cpictures_fits(pixels->width, pixels->height, limits)) return false;

  bool grey = codec->jpeg_color_space == JCS_GRAYSCALE;
  bool inks = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
  codec->out_color_space = grey ? JCS_GRAYSCALE : inks ? JCS_CMYK : JCS_RGB;
  pixels->colours = grey ? 1 : inks ? 4 : 3;
  jpeg_start_decompress(codec);
  if (!cpictures_allocate(pixels)) ERREXIT1(codec, JERR_OUT_OF_MEMORY, 0);
  size_t row = cpictures_row(pixels);
  while (codec->output_scanline < pixels->height) {
    JSAMPROW target = pixels->bytes + codec->output_scanline * row;
    jpeg_read_scanlines(codec, &target, 1);
    // Adobe's files hold inverted values: full ink is 0.
    if (inks && codec->saw_Adobe_marker) {
      for (size_t i = 0; i < row; i++) target[i] = 255 - target[i];
    }
  }
  return true;
}

cpictures_status cpictures_decode_jpeg(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message) {
  if (count_scans(bytes, count) > MOST_SCANS) return cpictures_fail(message, "more than 100 scans");
  jpeg_state state = {.message = message};
  struct jpeg_decompress_struct codec = {.err = handle_errors(&state)};
  if (setjmp(state.escape)) {
    jpeg_destroy_decompress(&codec);
    free(state.pixels.bytes);
    return CPICTURES_FAILED;
  }
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, bytes, count);
  jpeg_read_header(&codec, TRUE);
  bool fits = read_pixels(&codec, &state, limits);
  jpeg_destroy_decompress(&codec);
  *pixels = state.pixels;
  return fits ? CPICTURES_OK : CPICTURES_TOO_LARGE;
}
