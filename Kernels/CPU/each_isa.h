// Includes SELF once for each instruction set. Inside, ISA(name) is the name of this pass's copy,
// LANES the number of floats in a vector. Afterwards DISPATCH(name) is the copy to call now.
#include "isa.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define ISA(name) JOIN(JOIN(name, _), ISA_NAME)
#define ISA_PASS

#define ISA_NAME portable
#define LANES 4
#include SELF
#undef ISA_NAME
#undef LANES

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define ISA_NAME avx2
#define LANES 8
#include SELF
#undef ISA_NAME
#undef LANES
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#define ISA_NAME avx512
#define LANES 16
#include SELF
#undef ISA_NAME
#undef LANES
#pragma clang attribute pop

#define DISPATCH(name)                             \
  (dk_current_isa() == dk_isa_avx512 ? name##_avx512 \
   : dk_current_isa() == dk_isa_avx2 ? name##_avx2   \
                                     : name##_portable)
#else
#define DISPATCH(name) name##_portable
#endif
#undef ISA_PASS
