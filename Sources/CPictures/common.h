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

/// Room for the pixels; width, height and channels are set. NULL if there is no memory.
static inline uint8_t *cpictures_allocate(cpictures_pixels *pixels) {
  return pixels->bytes = malloc((size_t)pixels->width * pixels->height * pixels->channels);
}
