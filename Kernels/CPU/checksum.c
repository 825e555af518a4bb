#include "checksum.h"

#include <string.h>

// As many chains of multiplications as hide one's latency: memory is then what takes the time.
enum { LANES = 8 };

/// Each step is one-to-one in either argument, so that a change of one word is never lost.
static uint64_t mixed(uint64_t lane, uint64_t word) {
  lane = (lane ^ word) * 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
  return lane ^ lane >> 32;
}

static void add(uint64_t lanes[LANES], const unsigned char *block) {
  for (int i = 0; i < LANES; i++) {
    uint64_t word;
    memcpy(&word, block + i * 8, 8);
    lanes[i] = mixed(lanes[i], word);
  }
}

uint64_t dk_checksum(const void *bytes, long count) {
  const unsigned char *at = bytes;
  uint64_t lanes[LANES] = {1, 2, 3, 4, 5, 6, 7, 8}, sum = (uint64_t)count;
  long left = count;
  for (; left >= LANES * 8; left -= LANES * 8, at += LANES * 8) add(lanes, at);
  unsigned char rest[LANES * 8] = {0};
  if (left > 0) {
    memcpy(rest, at, (size_t)left);
    add(lanes, rest);
  }
  for (int i = 0; i < LANES; i++) sum = mixed(sum, lanes[i]);
  return sum;
}
