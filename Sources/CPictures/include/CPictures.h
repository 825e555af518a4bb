#pragma once
// libpng, libjpeg, libwebp and lcms behind functions that return a status: they report errors by longjmp
// and through printing callbacks, neither of which Swift can use. Nothing here prints or exits.
#include <stdbool.h>
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

/// Rows of pixels without padding, as a file holds them, to be given back with `cpictures_free`.
typedef struct {
  uint8_t *bytes;
  uint32_t width;
  uint32_t height;
  /// 1: grey. 3: RGB. 4: CMYK, where 0 is no ink.
  uint32_t colours;
  /// Whether alpha, which is not premultiplied, follows the colours of each pixel.
  bool alpha;
  /// 8, or 16 in the machine's byte order.
  uint32_t bits;
} cpictures_pixels;

/// What became of a file's colour profile.
typedef enum {
  CPICTURES_PROFILE_NONE,
  CPICTURES_PROFILE_SRGB,   // it says sRGB, within a level
  CPICTURES_PROFILE_USED,
  CPICTURES_PROFILE_UNFIT,  // it is damaged, or of another kind of pixels
} cpictures_profile;

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

/// Palettes become RGB, and transparency alpha.
cpictures_status cpictures_decode_png(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message);
/// A truncated file fails, and one of more than 100 scans before its pixels are decoded.
cpictures_status cpictures_decode_jpeg(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message);
/// An animation fails.
cpictures_status cpictures_decode_webp(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message);

/// Makes 8-bit sRGB of the pixels: by their profile if it fits, else grey as it is and ink by ink.
/// - Parameter profile: `count` bytes of ICC, none if `count` is 0.
cpictures_status cpictures_to_srgb(
  cpictures_pixels *pixels, const uint8_t *profile, size_t count, cpictures_profile *use, char *message);
