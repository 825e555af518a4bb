// Includes SELF once for each instruction set and storage. Inside, ISA(name) is the name of this pass's copy, LANES
// the number of floats in a vector; STORES_BF16 and HAS_DOT say whether numbers are bfloat16 and whether the
// processor multiplies pairs of them. Afterwards DISPATCH(name, storage) is the copy to call now.
//
// A source that defines USES_VNNI has copies of its own, for bfloat16, where the processor adds products of whole
// numbers to sums at once; HAS_VNNI says so inside. Other sources do not differ there.
#include "isa.h"
#include "storage.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define ISA(name) JOIN(JOIN(name, _), ISA_NAME)
#define ISA_PASS

#define LANES 4
#define ISA_NAME portable
#include SELF
#undef ISA_NAME
#define STORES_BF16
#define ISA_NAME portable_bf16
#include SELF
#undef ISA_NAME
#undef STORES_BF16
#undef LANES

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LANES 8
#define ISA_NAME avx2
#include SELF
#undef ISA_NAME
#define STORES_BF16
#define ISA_NAME avx2_bf16
#include SELF
#undef ISA_NAME
#undef STORES_BF16
#undef LANES
#pragma clang attribute pop

#ifdef USES_VNNI
#pragma clang attribute push(__attribute__((target("avxvnni,avx2,fma"))), apply_to = function)
#define HAS_VNNI
#define STORES_BF16
#define LANES 8
#define ISA_NAME avxvnni_bf16
#include SELF
#undef ISA_NAME
#undef LANES
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512vnni,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
                             apply_to = function)
#define LANES 16
#define ISA_NAME avx512vnni_bf16
#include SELF
#undef ISA_NAME
#undef LANES
#undef STORES_BF16
#undef HAS_VNNI
#pragma clang attribute pop
#define WHERE_VNNI(with, without) with
#else
#define WHERE_VNNI(with, without) without
#endif

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#define LANES 16
#define ISA_NAME avx512
#include SELF
#undef ISA_NAME
#define STORES_BF16
#define ISA_NAME avx512_bf16
#include SELF
#undef ISA_NAME
#pragma clang attribute pop

#pragma clang attribute push(                                                                         \
    __attribute__((target("avx512bf16,avx512vnni,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
    apply_to = function)
#define HAS_DOT
#ifdef USES_VNNI
#define HAS_VNNI
#endif
#define ISA_NAME avx512_dot
#include SELF
#undef ISA_NAME
#undef HAS_VNNI
#undef HAS_DOT
#undef STORES_BF16
#undef LANES
#pragma clang attribute pop

#define DISPATCH(name, storage)                                                                                     \
  ((storage) == dk_bfloat16                                                                                         \
       ? (dk_current_isa() >= dk_isa_avx512bf16   ? name##_avx512_dot                                               \
          : dk_current_isa() == dk_isa_avx512vnni ? WHERE_VNNI(name##_avx512vnni_bf16, name##_avx512_bf16)          \
          : dk_current_isa() == dk_isa_avx512     ? name##_avx512_bf16                                              \
          : dk_current_isa() == dk_isa_avxvnni    ? WHERE_VNNI(name##_avxvnni_bf16, name##_avx2_bf16)               \
          : dk_current_isa() == dk_isa_avx2       ? name##_avx2_bf16                                                \
                                                  : name##_portable_bf16)                                           \
   : dk_current_isa() >= dk_isa_avx512 ? name##_avx512                                                              \
   : dk_current_isa() >= dk_isa_avx2   ? name##_avx2                                                                \
                                       : name##_portable)
#else
#define DISPATCH(name, storage) ((storage) == dk_bfloat16 ? name##_portable_bf16 : name##_portable)
#endif
#undef ISA_PASS
