#define _GNU_SOURCE
#include "isa.h"

#include <stdatomic.h>

static _Atomic int emulated;
static _Thread_local int chosen = -1;

void dk_emulate_amx(void) { atomic_store(&emulated, 1); }

int dk_may_use_isa(dk_isa isa) { return dk_has_isa(isa) || (isa == dk_isa_amx && atomic_load(&emulated)); }

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Bits of the processor's answer; the model's number says nothing on a virtual machine.
static int feature(unsigned leaf, unsigned subleaf, int edx, int bit) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(leaf, subleaf, &a, &b, &c, &d)) return 0;
  return (edx ? d : a) >> bit & 1;
}

static int has_avxvnni(void) { return feature(7, 1, 0, 4); }

__attribute__((target("xsave"))) static unsigned long long kept_by_the_system(void) { return _xgetbv(0); }

/// Tiles' numbers need 8 KiB more to be kept with each thread, so the system wants to be asked first. Threads that are
/// made afterwards have the permission.
static int allowed_tiles(void) {
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, TILE_DATA = 18 };
  const unsigned long long tile_state = 3 << 17;
  int has_tiles = feature(7, 0, 1, 24) && feature(7, 0, 1, 25) && feature(7, 0, 1, 22);
  if (!has_tiles || (kept_by_the_system() & tile_state) != tile_state) return 0;
#if defined(__linux__)
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) == 0;
#else
  return 0;
#endif
}

int dk_has_isa(dk_isa isa) {
  static _Atomic int tiles = -1;
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  int vnni = avx512 && __builtin_cpu_supports("avx512vnni");
  int pairs = vnni && __builtin_cpu_supports("avx512bf16");
  switch (isa) {
    case dk_isa_portable: return 1;
    case dk_isa_avx2: return avx2;
    case dk_isa_avxvnni: return avx2 && has_avxvnni();
    case dk_isa_avx512: return avx512;
    case dk_isa_avx512vnni: return vnni;
    case dk_isa_avx512bf16: return pairs;
    case dk_isa_amx:
      if (atomic_load(&tiles) < 0) atomic_store(&tiles, allowed_tiles());
      return pairs && atomic_load(&tiles);
  }
  return 0;
}

static int is_intel(void) {
  unsigned a, b, c, d;
  return __get_cpuid(0, &a, &b, &c, &d) && b == signature_INTEL_ebx && c == signature_INTEL_ecx;
}

static dk_isa find_best(void) {
  if (dk_has_isa(dk_isa_amx)) return dk_isa_amx;
  if (dk_has_isa(dk_isa_avx512bf16) && !is_intel()) return dk_isa_avx512bf16;
  for (dk_isa isa = dk_isa_avx512vnni; isa > dk_isa_portable; isa--)
    if (dk_has_isa(isa)) return isa;
  return dk_isa_portable;
}

/// Asked for once: a virtual machine's processor takes microseconds to say what it is.
dk_isa dk_best_isa(void) {
  static _Atomic int best = -1;
  if (atomic_load(&best) < 0) atomic_store(&best, find_best());
  return (dk_isa)atomic_load(&best);
}

/// Eight tiles of 16 rows of 64 bytes: all kernels use them whole.
__attribute__((target("amx-tile"))) static void configure_tiles(void) {
  static const struct {
    unsigned char palette, start_row, reserved[14];
    unsigned short row_bytes[16];
    unsigned char rows[16];
  } tiles __attribute__((aligned(64))) = {
      1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
  _tile_loadconfig(&tiles);
}

__attribute__((target("amx-tile"))) static void release_tiles(void) { _tile_release(); }
#else
int dk_has_isa(dk_isa isa) { return isa == dk_isa_portable; }
dk_isa dk_best_isa(void) { return dk_isa_portable; }
static void configure_tiles(void) {}
static void release_tiles(void) {}
#endif

dk_isa dk_current_isa(void) { return chosen < 0 ? dk_best_isa() : (dk_isa)chosen; }

void dk_use_isa(dk_isa isa) {
  if (isa == dk_isa_amx && chosen != dk_isa_amx) configure_tiles();
  if (isa != dk_isa_amx && chosen == dk_isa_amx) release_tiles();
  chosen = isa;
}
