#ifndef ISA_PASS
#include "limits.h"

#include <time.h>

enum { ROUNDS = 16384, READ_NUMBERS = DK_READ_BYTES / 4 };

#define SELF "limits.c"
#include "each_isa.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define WITH_TILES __attribute__((target("amx-tile,amx-bf16,avx512f")))
enum { TILE_ROUNDS = 4096, TILE_NUMBERS = 512, TILE_BYTES = 64 };

/// Four accumulators, two tiles of each operand for them: the fewest loads a product that eight tiles allow. The
/// thread must have configured eight tiles of 16 rows of 64 bytes.
WITH_TILES static float multiply_tiles(const dk_products *p) {
  unsigned short operands[4 * TILE_NUMBERS] __attribute__((aligned(64)));
  float sums[4][256] __attribute__((aligned(64)));
  // Numbers from 0.5 to 1, every other one negative.
  for (int i = 0; i < 4 * TILE_NUMBERS; i++)
    operands[i] = (unsigned short)(0x3f00 | (i * 37 & 0x7f) | (i % 2 == (p->factor < 0) ? 0x8000 : 0));
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int round = 0; round < TILE_ROUNDS; round++) {
    _tile_loadd(4, operands, TILE_BYTES);
    _tile_loadd(5, operands + TILE_NUMBERS, TILE_BYTES);
    _tile_loadd(6, operands + 2 * TILE_NUMBERS, TILE_BYTES);
    _tile_loadd(7, operands + 3 * TILE_NUMBERS, TILE_BYTES);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums[0], TILE_BYTES);
  _tile_stored(1, sums[1], TILE_BYTES);
  _tile_stored(2, sums[2], TILE_BYTES);
  _tile_stored(3, sums[3], TILE_BYTES);
  return sums[0][0] + sums[1][1] + sums[2][2] + sums[3][3];
}

static double tile_operations(void) { return 4.0 * TILE_ROUNDS * 2 * 16 * 16 * 32; }
static dk_limit limit_of_16_bits(dk_isa isa) {
  return isa > dk_isa_avx512bf16 ? dk_limit_tiles : isa == dk_isa_avx512bf16 ? dk_limit_pairs : dk_limit_float32;
}
#else
static float multiply_tiles(const dk_products *p) { return p->summand; }
static double tile_operations(void) { return 0; }
static dk_limit limit_of_16_bits(dk_isa isa) { return (void)isa, dk_limit_float32; }
#endif

dk_limit dk_limit_of(dk_isa isa, dk_storage storage) {
  return storage == dk_float32 ? dk_limit_float32 : limit_of_16_bits(isa);
}

static dk_storage storage_of(dk_limit limit) { return limit == dk_limit_float32 ? dk_float32 : dk_bfloat16; }

double dk_products_operations(dk_limit limit) {
  return limit == dk_limit_tiles ? tile_operations() : DISPATCH(operations, storage_of(limit))(ROUNDS);
}

void dk_products_item(const dk_products *p, long item) {
  p->results[item] =
      p->limit == dk_limit_tiles ? multiply_tiles(p) : DISPATCH(multiply, storage_of(p->limit))(p, ROUNDS);
}

void dk_reading_fill(const dk_reading *r, long item) {
  unsigned *piece = r->block + item * READ_NUMBERS;
  for (unsigned i = 0; i < READ_NUMBERS; i++) piece[i] = (i + (unsigned)item) * 2654435761u;
}

void dk_reading_item(const dk_reading *r, long item) {
  r->results[item] = DISPATCH(read, dk_float32)(r->block + item * READ_NUMBERS);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double dk_core_speed(void) {
  static _Thread_local volatile float kept;
  const dk_products products = {.factor = -1, .summand = 0.7f};
  const long rounds = 1 << 20;
  double start = seconds(), operations;
#if defined(__x86_64__)
  if (dk_best_isa() >= dk_isa_avx2) {
    kept = multiply_avx2(&products, rounds);
    operations = operations_avx2(rounds);
  } else
#endif
  {
    kept = multiply_portable(&products, rounds);
    operations = operations_portable(rounds);
  }
  (void)kept;
  return operations / (seconds() - start);
}

#else
#include "vector.h"

#undef UNROLL
#define UNROLL _Pragma("clang loop unroll(full)")
// Independent sums: enough to hide how long one takes, few enough for the registers.
#undef CHAINS
#define CHAINS (LANES == 16 ? 24 : 12)

#ifdef HAS_DOT
#define OPERATIONS 4
#else
#define OPERATIONS 2
#endif
static inline double ISA(operations)(long rounds) { return (double)rounds * CHAINS * LANES * OPERATIONS; }
#undef OPERATIONS

#ifdef HAS_DOT
/// Both halves of each lane hold the number as bfloat16.
static inline __m512bh ISA(pairs)(float number) {
  unsigned bits;
  memcpy(&bits, &number, sizeof bits);
  return (__m512bh)((VI){0} + (int)((bits & 0xffff0000) | bits >> 16));
}
#endif

/// Where pairs are not multiplied at once, 16 bits are no faster than float32.
static float ISA(multiply)(const dk_products *p, long rounds) {
  VF sums[CHAINS], total = {0};
#ifdef HAS_DOT
  __m512bh factor = ISA(pairs)(p->factor), summand = ISA(pairs)(p->summand);
#else
  VF factor = (VF){0} + p->factor, summand = (VF){0} + p->summand;
#endif
  UNROLL for (int i = 0; i < CHAINS; i++) sums[i] = (VF){0} + p->summand * (float)i;
  for (long round = 0; round < rounds; round++) {
    UNROLL for (int i = 0; i < CHAINS; i++)
#ifdef HAS_DOT
        sums[i] = (VF)_mm512_dpbf16_ps((__m512)sums[i], factor, summand);
#else
        sums[i] = sums[i] * factor + summand;
#endif
  }
  UNROLL for (int i = 0; i < CHAINS; i++) total += sums[i];
  return ISA(sum)(total);
}

static unsigned ISA(read)(const unsigned *piece) {
  VI sums[8] = {0}, total = {0};
  for (long i = 0; i < READ_NUMBERS; i += 8 * LANES) {
    UNROLL for (int j = 0; j < 8; j++) {
      VI numbers;
      memcpy(&numbers, piece + i + j * LANES, sizeof numbers);
      sums[j] += numbers;
    }
  }
  UNROLL for (int j = 0; j < 8; j++) total += sums[j];
  unsigned sum = 0;
  for (int i = 0; i < LANES; i++) sum += (unsigned)total[i];
  return sum;
}
#endif
