// The pass of each_isa.h for processors with tiles (AMX): AVX-512 around products of 16 rows by 16 columns. Included
// instead of each_isa.h; ends with END_TILES.
#pragma once
#include <immintrin.h>

#include "isa.h"
#include "panel.h"
#include "storage.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define ISA(name) JOIN(JOIN(name, _), amx)
#define LANES 16
#define STORES_BF16
#define HAS_DOT

#pragma clang attribute push(                                                                                  \
    __attribute__((target("amx-tile,amx-bf16,amx-int8,avx512bf16,avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), \
    apply_to = function)
enum { TILE_NUMBERS = SIDE * DEEP };
#define END_TILES _Pragma("clang attribute pop")

#include "epilogue.h"
