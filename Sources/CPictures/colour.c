#include <lcms2.h>
#include <string.h>

#include "common.h"

// Of a file in sRGB that a profile says the same about, no value may move.
enum { SRGB_TOLERANCE = 1 };

static uint32_t samples_of(const cpictures_pixels *pixels) {
  return pixels->colours + (pixels->alpha ? 1 : 0);
}

/// How lcms is told of samples.
static cmsUInt32Number format(uint32_t kind, uint32_t colours, bool alpha, uint32_t bits) {
  return COLORSPACE_SH(kind) | CHANNELS_SH(colours) | EXTRA_SH(alpha ? 1u : 0u) | BYTES_SH(bits / 8);
}

/// PT_GRAY, PT_RGB or PT_CMYK; 0 if the profile is not of the kind of the pixels, or of a class that pictures do not
/// have.
static uint32_t kind_of(cmsHPROFILE profile, uint32_t colours) {
  switch (cmsGetDeviceClass(profile)) {
    case cmsSigInputClass:
    case cmsSigDisplayClass:
    case cmsSigOutputClass:
    case cmsSigColorSpaceClass:
      break;
    default:
      return 0;
  }
  switch (cmsGetColorSpace(profile)) {
    case cmsSigGrayData:
      return colours == 1 ? PT_GRAY : 0;
    case cmsSigRgbData:
      return colours == 3 ? PT_RGB : 0;
    case cmsSigCmykData:
      return colours == 4 ? PT_CMYK : 0;
    default:
      return 0;
  }
}

// Relative colorimetric with black point compensation: what sRGB can show stays the same colour, white becomes
// white and the darkest black black.
static cmsHTRANSFORM transform(
  cmsContext context, cmsHPROFILE from, cmsUInt32Number from_format, cmsHPROFILE to, bool alpha) {
  cmsUInt32Number flags = cmsFLAGS_BLACKPOINTCOMPENSATION | (alpha ? cmsFLAGS_COPY_ALPHA : 0);
  return cmsCreateTransformTHR(
    context, from, from_format, to, format(PT_RGB, 3, alpha, 8), INTENT_RELATIVE_COLORIMETRIC, flags);
}

static bool is_near(const uint8_t *a, const uint8_t *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (abs(a[i] - b[i]) > SRGB_TOLERANCE) return false;
  }
  return true;
}

/// Whether the profile says what holds without one. Looks at a grid of colours and at all greys.
static bool is_srgb(cmsContext context, cmsHPROFILE from, uint32_t kind, cmsHPROFILE srgb) {
  if (kind == PT_CMYK) return false;
  uint32_t colours = kind == PT_RGB ? 3 : 1;
  cmsHTRANSFORM eight = transform(context, from, format(kind, colours, false, 8), srgb, false);
  if (!eight) return false;
  bool same = true;
  for (int level = 0; same && level < 256; level++) {
    uint8_t grey[3] = {level, level, level}, to[3];
    cmsDoTransform(eight, grey, to, 1);
    same = is_near(grey, to, 3);
  }
  for (int i = 0; same && kind == PT_RGB && i < 9 * 9 * 9; i++) {
    uint8_t colour[3] = {i % 9 * 255 / 8, i / 9 % 9 * 255 / 8, i / 81 * 255 / 8}, to[3];
    cmsDoTransform(eight, colour, to, 1);
    same = is_near(colour, to, 3);
  }
  cmsDeleteTransform(eight);
  return same;
}

/// Without a profile: grey three times, ink by ink (r = (255 - c) (255 - k) / 255), 16 bits rounded to 8.
static void convert_plainly(const cpictures_pixels *pixels, const void *from, uint8_t *to) {
  uint32_t samples = samples_of(pixels), colours = pixels->colours;
  for (size_t x = 0; x < pixels->width; x++) {
    uint32_t level[5];
    for (uint32_t i = 0; i < samples; i++) {
      level[i] = pixels->bits == 16 ? (((const uint16_t *)from)[samples * x + i] * 255u + 32767) / 65535
                                    : ((const uint8_t *)from)[samples * x + i];
    }
    for (uint32_t c = 0; c < 3; c++) {
      *to++ = colours == 4   ? ((255 - level[c]) * (255 - level[3]) + 127) / 255
              : colours == 3 ? level[c]
                             : level[0];
    }
    if (pixels->alpha) *to++ = level[samples - 1];
  }
}

/// What converts the pixels by the profile; NULL if that cannot be done or changes nothing.
static cmsHTRANSFORM open_transform(
  cmsContext context, const cpictures_pixels *pixels, const uint8_t *profile, size_t count,
  cpictures_profile *use) {
  *use = CPICTURES_PROFILE_UNFIT;
  if (count > UINT32_MAX) return NULL;
  cmsHPROFILE from = cmsOpenProfileFromMemTHR(context, profile, (cmsUInt32Number)count);
  cmsHPROFILE srgb = cmsCreate_sRGBProfileTHR(context);
  uint32_t kind = from ? kind_of(from, pixels->colours) : 0;
  cmsHTRANSFORM result = NULL;
  if (kind && srgb) {
    if (is_srgb(context, from, kind, srgb)) {
      *use = CPICTURES_PROFILE_SRGB;
    } else {
      cmsUInt32Number own = format(kind, pixels->colours, pixels->alpha, pixels->bits);
      result = transform(context, from, own, srgb, pixels->alpha);
      if (result) *use = CPICTURES_PROFILE_USED;
    }
  }
  if (from) cmsCloseProfile(from);
  if (srgb) cmsCloseProfile(srgb);
  return result;
}

cpictures_status cpictures_to_srgb(
  cpictures_pixels *pixels, const uint8_t *profile, size_t count, cpictures_profile *use, char *message) {
  *use = CPICTURES_PROFILE_NONE;
  cmsContext context = count > 0 ? cmsCreateContext(NULL, NULL) : NULL;
  cmsHTRANSFORM by_profile = context ? open_transform(context, pixels, profile, count, use) : NULL;

  uint32_t width = pixels->width;
  size_t from_row = (size_t)width * samples_of(pixels) * (pixels->bits / 8);
  size_t to_row = (size_t)width * (pixels->alpha ? 4 : 3);
  bool is_rgb = pixels->colours == 3 && pixels->bits == 8;
  uint8_t *result = is_rgb ? pixels->bytes : malloc(to_row * pixels->height);
  if (result && (by_profile || !is_rgb)) {
    for (uint32_t y = 0; y < pixels->height; y++) {
      const uint8_t *from = pixels->bytes + y * from_row;
      uint8_t *to = result + y * to_row;
      if (by_profile) {
        cmsDoTransform(by_profile, from, to, width);
      } else {
        convert_plainly(pixels, from, to);
      }
    }
  }
  if (by_profile) cmsDeleteTransform(by_profile);
  if (context) cmsDeleteContext(context);
  if (!result) return cpictures_fail(message, "out of memory");
  if (result != pixels->bytes) free(pixels->bytes);
  pixels->bytes = result;
  pixels->colours = 3;
  pixels->bits = 8;
  return CPICTURES_OK;
}
