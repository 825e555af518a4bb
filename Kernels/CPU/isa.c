#include "isa.h"

static _Thread_local int chosen = -1;

dk_isa dk_best_isa(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return __builtin_cpu_supports("avx512bf16") ? dk_isa_avx512bf16 : dk_isa_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return dk_isa_avx2;
#endif
  return dk_isa_portable;
}

dk_isa dk_current_isa(void) {
  if (chosen < 0) chosen = dk_best_isa();
  return chosen;
}

void dk_use_isa(dk_isa isa) { chosen = isa; }
