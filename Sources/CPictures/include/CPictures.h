#pragma once
// libpng, libjpeg and libwebp behind functions that return a status: they report errors by longjmp
// and through printing callbacks, neither of which Swift can use. Nothing here prints or exits.
#include <stddef.h>
#include <stdint.h>

enum { CPICTURES_MESSAGE_SIZE = 256 };

typedef enum {
  CPICTURES_OK,
  CPICTURES_FAILED,     // the message says why
  CPICTURES_TOO_LARGE,  // width and height are filled in
} cpictures_status;

/// Bytes of an encoded file, to be given back with `cpictures_free`.
typedef struct {
  uint8_t *bytes;
  size_t count;
} cpictures_file;

/// Rows of 8-bit pixels without padding, to be given back with `cpictures_free`.
typedef struct {
  uint8_t *bytes;
  uint32_t width;
  uint32_t height;
  /// 3: RGB. 4: RGB and alpha that is not premultiplied.
  uint32_t channels;
} cpictures_pixels;

/// Checked against the header of a file before its pixels are decoded.
typedef struct {
  uint32_t side;
  uint64_t pixels;
} cpictures_limits;

void cpictures_free(uint8_t *bytes);

// `rgb` holds 3 · width · height bytes. `message` has room for CPICTURES_MESSAGE_SIZE bytes.

cpictures_status cpictures_encode_png(
  const uint8_t *rgb, uint32_t width, uint32_t height, cpictures_file *file, char *message);
/// Baseline, 4:4:4, quality 1 to 100.
cpictures_status cpictures_encode_jpeg(
  const uint8_t *rgb, uint32_t width, uint32_t height, int quality, cpictures_file *file,
  char *message);
/// Quality 0 to 100; if lossless is not 0, quality is ignored.
cpictures_status cpictures_encode_webp(
  const uint8_t *rgb, uint32_t width, uint32_t height, int quality, int lossless,
  cpictures_file *file, char *message);

/// Palettes, grey and 16 bits are converted; transparency becomes a fourth channel.
cpictures_status cpictures_decode_png(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message);
/// Grey and CMYK are converted to RGB. A truncated file fails.
cpictures_status cpictures_decode_jpeg(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message);
/// An animation fails.
cpictures_status cpictures_decode_webp(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message);
