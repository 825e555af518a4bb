#define _GNU_SOURCE
#include "TileEmulator.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Encodings and meanings are those of Intel's Software Developer's Manual, volume 2, chapters 2.3 (VEX) and 3 to 5
// (LDTILECFG, TILELOADD, TILESTORED, TILEZERO, TILERELEASE, TDPBF16PS, TDPBUSD).

#if defined(__x86_64__)
#include <ucontext.h>

enum { TILES = 8, ROWS = 16, BYTES = 64 };

typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t bytes[16];  // of a row
  uint8_t rows[16];
} configuration;

static _Thread_local configuration configured;
static _Thread_local uint8_t tiles[TILES][ROWS][BYTES];
static _Thread_local tile_counts counts;
static struct sigaction before;

tile_counts tile_emulator_counts(void) { return counts; }

/// An instruction with a three-byte VEX prefix, taken apart.
typedef struct {
  int prefix, opcode, reg, vector;  // prefix: none, 66, F3, F2 as 0 to 3
  int is_register, rm;
  uint8_t *address;  // of the memory operand, without the index if `is_rows`
  long stride;  // the index times its scale
  int length;
} instruction;

static long general(const ucontext_t *context, int number) {
  static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return context->uc_mcontext.gregs[order[number]];
}

static void memory_operand(const ucontext_t *context, const uint8_t *code, int mod, int extend_index, int extend_base,
                           instruction *i) {
  int at = 5, base = i->rm;
  int has_base = 1;
  if (i->rm == 4) {  // a scaled index follows
    uint8_t sib = code[at++];
    int index = (sib >> 3 & 7) | extend_index << 3;
    base = sib & 7;
    if (index != 4) i->stride = general(context, index) << (sib >> 6);
  }
  long address = 0;
  if (base == 5 && mod == 0) has_base = 0;
  if (has_base) address = general(context, base | extend_base << 3);
  if (mod == 1) address += (int8_t)code[at++];
  if (mod == 2 || !has_base) {
    int32_t displacement;
    memcpy(&displacement, code + at, 4);
    address += displacement;
    at += 4;
  }
  i->length = at;
  if (!has_base && i->rm == 5) address += (long)(code + at);  // relative to the next instruction
  i->address = (uint8_t *)address;
}

/// Whether `code` is an instruction of the map 0F38 with a three-byte prefix.
static int decode(const ucontext_t *context, const uint8_t *code, instruction *i) {
  if (code[0] != 0xc4 || (code[1] & 31) != 2) return 0;
  int modrm = code[4], mod = modrm >> 6;
  *i = (instruction){.prefix = code[2] & 3, .opcode = code[3], .reg = modrm >> 3 & 7, .vector = ~(code[2] >> 3) & 15,
                     .is_register = mod == 3, .rm = modrm & 7, .length = 5};
  if (mod != 3) memory_operand(context, code, mod, !(code[1] & 0x40), !(code[1] & 0x20), i);
  return 1;
}

static void require(int condition) {
  if (!condition) abort();
}

static void multiply(int to, int a, int b) {
  const configuration *c = &configured;
  require(to != a && to != b && a != b);
  require(c->rows[to] == c->rows[a] && c->bytes[to] == c->bytes[b] && c->bytes[a] == 4 * c->rows[b]);
  for (int m = 0; m < c->rows[to]; m++) {
    float sums[2][ROWS] = {0}, old[ROWS];
    for (int k = 0; k < c->rows[b]; k++)
      for (int half = 0; half < 2; half++) {
        uint16_t factor;
        memcpy(&factor, tiles[a][m] + k * 4 + half * 2, 2);
        float x, y;
        uint32_t bits = (uint32_t)factor << 16;
        memcpy(&x, &bits, 4);
        for (int n = 0; n < c->bytes[to] / 4; n++) {
          memcpy(&bits, tiles[b][k] + n * 4, 4);
          bits = half ? bits & 0xffff0000 : bits << 16;
          memcpy(&y, &bits, 4);
          sums[half][n] += x * y;
        }
      }
    memcpy(old, tiles[to][m], BYTES);
    for (int n = 0; n < c->bytes[to] / 4; n++) old[n] += sums[0][n] + sums[1][n];
    memcpy(tiles[to][m], old, BYTES);
  }
}

/// Unsigned bytes of `a` times signed ones of `b`.
static void multiply_bytes(int to, int a, int b) {
  const configuration *c = &configured;
  require(to != a && to != b && a != b);
  require(c->rows[to] == c->rows[a] && c->bytes[to] == c->bytes[b] && c->bytes[a] == 4 * c->rows[b]);
  for (int m = 0; m < c->rows[to]; m++)
    for (int n = 0; n < c->bytes[to] / 4; n++) {
      uint32_t sum;
      memcpy(&sum, tiles[to][m] + n * 4, 4);
      for (int k = 0; k < c->rows[b] * 4; k++)
        sum += (uint32_t)(tiles[a][m][k] * (int8_t)tiles[b][k / 4][n * 4 + k % 4]);
      memcpy(tiles[to][m] + n * 4, &sum, 4);
    }
}

static void load(const instruction *i) {
  const configuration *c = &configured;
  require(c->palette == 1);
  memset(tiles[i->reg], 0, sizeof tiles[i->reg]);
  for (int row = 0; row < c->rows[i->reg]; row++)
    memcpy(tiles[i->reg][row], i->address + row * i->stride, c->bytes[i->reg]);
}

static void store(const instruction *i) {
  const configuration *c = &configured;
  require(c->palette == 1);
  for (int row = 0; row < c->rows[i->reg]; row++)
    memcpy(i->address + row * i->stride, tiles[i->reg][row], c->bytes[i->reg]);
}

/// Whether the instruction is one of the tiles', and then does it.
static int perform(const instruction *i) {
  enum { plain, p66, pF3, pF2 };
  switch (i->opcode) {
    case 0x49:
      if (i->is_register && i->prefix == pF2) {
        memset(tiles[i->reg], 0, sizeof tiles[i->reg]);
      } else if (i->is_register && i->prefix == plain) {
        memset(&configured, 0, sizeof configured);
      } else if (!i->is_register && i->prefix == plain) {
        memcpy(&configured, i->address, sizeof configured);
        memset(tiles, 0, sizeof tiles);
      } else {
        return 0;
      }
      return 1;
    case 0x4b:
      if (i->is_register) return 0;
      if (i->prefix == pF3) {
        store(i);
      } else if (i->prefix != plain) {
        load(i);
        counts.loads++;
      } else {
        return 0;
      }
      return 1;
    case 0x5c:
      if (!i->is_register || i->prefix != pF3) return 0;
      multiply(i->reg, i->rm, i->vector);
      counts.products++;
      return 1;
    case 0x5e:
      if (!i->is_register || i->prefix != p66) return 0;
      multiply_bytes(i->reg, i->rm, i->vector);
      counts.products++;
      return 1;
    default: return 0;
  }
}

static void illegal(int signal, siginfo_t *info, void *argument) {
  (void)signal, (void)info;
  ucontext_t *context = argument;
  instruction i;
  int done = 0;
  // A signal costs more than an instruction: those that follow at once are done as well.
  while (decode(context, (const uint8_t *)context->uc_mcontext.gregs[REG_RIP], &i) && perform(&i)) {
    context->uc_mcontext.gregs[REG_RIP] += i.length;
    done++;
  }
  // None of ours: it runs again, into what handled it before.
  if (done == 0) sigaction(SIGILL, &before, NULL);
}

static void start(void) {
  struct sigaction action = {.sa_sigaction = illegal, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGILL, &action, &before);
}

void tile_emulator_start(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start);
}
#else
tile_counts tile_emulator_counts(void) { return (tile_counts){0}; }
void tile_emulator_start(void) {}
#endif
