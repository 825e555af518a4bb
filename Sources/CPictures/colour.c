#include <lcms2.h>
#include <string.h>

#include "common.h"

// Of a file in sRGB that a profile says the same about, no value may move.
enum { SRGB_TOLERANCE = 1 };

/// How lcms is told of samples.
static cmsUInt32Number format(uint32_t kind, uint32_t colours, bool alpha, uint32_t bits) {
  return COLORSPACE_SH(kind) | CHANNELS_SH(colours) | EXTRA_SH(alpha ? 1u : 0u) | BYTES_SH(bits / 8);
}

/// PT_GRAY, PT_RGB or PT_CMYK; 0 if the profile is not of the kind of the pixels, or of a class that pictures do not
/// have. Grey may have a profile of colours.
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
      return colours == 4 ? 0 : PT_RGB;
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
  uint32_t samples = pixels->colours + pixels->alpha, colours = pixels->colours;
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

/// Grey as equal red, green and blue.
static void widen(const cpictures_pixels *pixels, const uint8_t *from, uint8_t *to) {
  size_t bytes = pixels->bits / 8;
  for (size_t x = 0; x < pixels->width; x++, from += bytes) {
    for (int c = 0; c < 3; c++, to += bytes) memcpy(to, from, bytes);
    if (!pixels->alpha) continue;
    from += bytes;
    memcpy(to, from, bytes);
    to += bytes;
  }
}

/// How rows become sRGB.
typedef struct {
  cmsHTRANSFORM by_profile;  // NULL: plainly
  uint8_t *wide;             // room for a row of grey that has a profile of colours; else NULL
} row_conversion;

static void convert_row(
  const row_conversion *conversion, const cpictures_pixels *pixels, const uint8_t *from, uint8_t *to) {
  if (!conversion->by_profile) return convert_plainly(pixels, from, to);
  if (conversion->wide) widen(pixels, from, conversion->wide);
  cmsDoTransform(conversion->by_profile, conversion->wide ? conversion->wide : from, to, pixels->width);
}

/// Opens the transform of a profile, unless that cannot be done or would change nothing.
static cpictures_profile open_conversion(
  row_conversion *conversion, cmsContext context, const cpictures_pixels *pixels, cmsHPROFILE from,
  cmsHPROFILE srgb) {
  uint32_t kind = kind_of(from, pixels->colours);
  if (!kind) return CPICTURES_PROFILE_UNFIT;
  if (is_srgb(context, from, kind, srgb)) return CPICTURES_PROFILE_SRGB;
  bool widens = kind == PT_RGB && pixels->colours == 1;
  uint32_t colours = widens ? 3 : pixels->colours;
  cmsUInt32Number own = format(kind, colours, pixels->alpha, pixels->bits);
  if (widens) conversion->wide = malloc((size_t)pixels->width * 4 * (pixels->bits / 8));
  if (!widens || conversion->wide)
    conversion->by_profile = transform(context, from, own, srgb, pixels->alpha);
  return conversion->by_profile ? CPICTURES_PROFILE_USED : CPICTURES_PROFILE_UNFIT;
}

/// Rows of 8 bits and RGB, in the place of the old ones if they had that form; `false` if there is no memory.
static bool convert(const row_conversion *conversion, cpictures_pixels *pixels) {
  bool is_rgb = pixels->colours == 3 && pixels->bits == 8;
  if (is_rgb && !conversion->by_profile) return true;
  size_t from_row = cpictures_row(pixels), to_row = (size_t)pixels->width * (pixels->alpha ? 4 : 3);
  uint8_t *result = is_rgb ? pixels->bytes : malloc(to_row * pixels->height);
  if (!result) return false;
  for (uint32_t y = 0; y < pixels->height; y++)
    convert_row(conversion, pixels, pixels->bytes + y * from_row, result + y * to_row);
  if (!is_rgb) free(pixels->bytes);
  pixels->bytes = result;
  pixels->colours = 3;
  pixels->bits = 8;
  return true;
}

cpictures_status cpictures_to_srgb(
  cpictures_pixels *pixels, const uint8_t *profile, size_t count, cpictures_profile *use, char *message) {
  row_conversion conversion = {0};
  *use = count == 0 ? CPICTURES_PROFILE_NONE : CPICTURES_PROFILE_UNFIT;
  cmsContext context = count == 0 || count > UINT32_MAX ? NULL : cmsCreateContext(NULL, NULL);
  if (context) {
    cmsHPROFILE from = cmsOpenProfileFromMemTHR(context, profile, (cmsUInt32Number)count);
    cmsHPROFILE srgb = cmsCreate_sRGBProfileTHR(context);
    if (from && srgb) *use = open_conversion(&conversion, context, pixels, from, srgb);
    if (from) cmsCloseProfile(from);
    if (srgb) cmsCloseProfile(srgb);
  }
  bool converted = convert(&conversion, pixels);
  free(conversion.wide);
  if (conversion.by_profile) cmsDeleteTransform(conversion.by_profile);
  if (context) cmsDeleteContext(context);
  return converted ? CPICTURES_OK : cpictures_fail(message, "out of memory");
}
