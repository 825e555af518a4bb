#pragma once
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "CPictures.h"

static inline cpictures_status cpictures_fail(char *message, const char *reason) {
  snprintf(message, CPICTURES_MESSAGE_SIZE, "%s", reason);
  return CPICTURES_FAILED;
}

static inline bool cpictures_fits(uint32_t width, uint32_t height, cpictures_limits limits) {
  return width <= limits.side && height <= limits.side
    && (uint64_t)width * height <= limits.pixels;
}

/// Bytes of a row.
static inline size_t cpictures_row(const cpictures_pixels *pixels) {
  return (size_t)pixels->width * (pixels->colours + pixels->alpha) * (pixels->bits / 8);
}

/// Room for the pixels; all else is set. NULL if there is no memory.
static inline uint8_t *cpictures_allocate(cpictures_pixels *pixels) {
  return pixels->bytes = malloc(cpictures_row(pixels) * pixels->height);
}
