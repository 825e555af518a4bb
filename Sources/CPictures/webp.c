#include <webp/decode.h>
#include <webp/encode.h>

#include "common.h"

static const char *encoding_problem(WebPEncodingError code) {
  switch (code) {
    case VP8_ENC_ERROR_OUT_OF_MEMORY:
    case VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY:
      return "out of memory";
    case VP8_ENC_ERROR_BAD_DIMENSION:
      return "a side is longer than 16383 pixels, the most that WebP can hold";
    case VP8_ENC_ERROR_PARTITION0_OVERFLOW:
    case VP8_ENC_ERROR_PARTITION_OVERFLOW:
      return "too much detail for one part of the file; choose a lower quality";
    case VP8_ENC_ERROR_FILE_TOO_BIG:
      return "the file would exceed 4 GB";
    default:
      return "libwebp refused the settings";
  }
}

cpictures_status cpictures_encode_webp(
  const uint8_t *rgb, uint32_t width, uint32_t height, int quality, int lossless,
  cpictures_file *file, char *message) {
  WebPConfig config;
  WebPPicture picture;
  if (width > WEBP_MAX_DIMENSION || height > WEBP_MAX_DIMENSION)
    return cpictures_fail(message, encoding_problem(VP8_ENC_ERROR_BAD_DIMENSION));
  if (!WebPConfigInit(&config) || !WebPPictureInit(&picture))
    return cpictures_fail(message, "libwebp is of another version than its headers");
  if (lossless) {
    WebPConfigLosslessPreset(&config, 6);
  } else {
    config.quality = (float)quality;
  }
  picture.use_argb = lossless;
  picture.width = (int)width;
  picture.height = (int)height;
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;

  bool imported = WebPPictureImportRGB(&picture, rgb, (int)width * 3);
  if (!imported || !WebPEncode(&config, &picture)) {
    const char *problem = imported ? encoding_problem(picture.error_code) : "out of memory";
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&writer);
    return cpictures_fail(message, problem);
  }
  WebPPictureFree(&picture);
  *file = (cpictures_file){writer.mem, writer.size};
  return CPICTURES_OK;
}

cpictures_status cpictures_decode_webp(
  const uint8_t *bytes, size_t count, cpictures_limits limits, cpictures_pixels *pixels,
  char *message) {
  WebPBitstreamFeatures features;
  VP8StatusCode status = WebPGetFeatures(bytes, count, &features);
  if (status == VP8_STATUS_NOT_ENOUGH_DATA) return cpictures_fail(message, "the file is truncated");
  if (status != VP8_STATUS_OK) return cpictures_fail(message, "the header is damaged");
  *pixels = (cpictures_pixels){
    .width = (uint32_t)features.width,
    .height = (uint32_t)features.height,
    .colours = 3,
    .alpha = features.has_alpha,
    .bits = 8};
  if (!cpictures_fits(pixels->width, pixels->height, limits)) return CPICTURES_TOO_LARGE;
  if (features.has_animation) return cpictures_fail(message, "animations are not read");

  if (!cpictures_allocate(pixels)) return cpictures_fail(message, "out of memory");
  int stride = (int)cpictures_row(pixels);
  size_t room = (size_t)stride * pixels->height;
  uint8_t *read = features.has_alpha ? WebPDecodeRGBAInto(bytes, count, pixels->bytes, room, stride)
                                     : WebPDecodeRGBInto(bytes, count, pixels->bytes, room, stride);
  if (read) return CPICTURES_OK;
  free(pixels->bytes);
  pixels->bytes = NULL;
  return cpictures_fail(message, "the file is truncated or damaged");
}

/// All three libraries' buffers come from malloc (libwebp's too: WebPFree is free).
void cpictures_free(uint8_t *bytes) { free(bytes); }
