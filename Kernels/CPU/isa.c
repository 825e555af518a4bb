#include "isa.h"

#include <stdatomic.h>

static _Atomic int chosen = -1;

dk_isa dk_best_isa(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return dk_isa_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return dk_isa_avx2;
#endif
  return dk_isa_portable;
}

dk_isa dk_current_isa(void) {
  int isa = atomic_load_explicit(&chosen, memory_order_relaxed);
  if (isa < 0) {
    isa = dk_best_isa();
    atomic_store_explicit(&chosen, isa, memory_order_relaxed);
  }
  return isa;
}

void dk_use_isa(dk_isa isa) {
  dk_isa best = dk_best_isa();
  atomic_store_explicit(&chosen, isa < best ? isa : best, memory_order_relaxed);
}
