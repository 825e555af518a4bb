#pragma once

/// Instruction sets with their own copy of every kernel, slowest first.
typedef enum {
  dk_isa_portable = 0,
  dk_isa_avx2 = 1,
  dk_isa_avx512 = 2,
  dk_isa_avx512bf16 = 3,  // AVX-512 with products of pairs of bfloat16
} dk_isa;

/// The best instruction set that this machine has.
dk_isa dk_best_isa(void);

/// The instruction set that the calling thread uses: the best one, unless dk_use_isa chose another.
dk_isa dk_current_isa(void);

/// Chooses the calling thread's instruction set; the machine must have it. A pool's threads use the pool's.
void dk_use_isa(dk_isa isa);
