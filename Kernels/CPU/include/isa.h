#pragma once

/// Instruction sets that kernels are chosen by, slowest first.
typedef enum {
  dk_isa_portable = 0,
  dk_isa_avx2 = 1,
  dk_isa_avxvnni = 2,  // AVX2 with sums of products of whole numbers (AVX-VNNI)
  dk_isa_avx512 = 3,
  dk_isa_avx512vnni = 4,  // AVX-512 with sums of products of whole numbers
  dk_isa_avx512bf16 = 5,  // the same, with products of pairs of bfloat16
  dk_isa_amx = 6,  // the same, with products of tiles of bfloat16
} dk_isa;

/// Whether this machine has the instruction set, and the system lets this process use it.
int dk_has_isa(dk_isa isa);

/// The fastest instruction set of this machine: not the last that it has, since Intel's processors take as long for
/// products of pairs of bfloat16 as for twice as many float32's.
dk_isa dk_best_isa(void);

/// Whether dk_use_isa may choose it: the machine has it, or its instructions are emulated.
int dk_may_use_isa(dk_isa isa);

/// Says that AMX's instructions are emulated. For tests.
void dk_emulate_amx(void);

/// The instruction set that the calling thread uses: the best one, unless dk_use_isa chose another.
dk_isa dk_current_isa(void);

/// Chooses the calling thread's instruction set, one of those that it may use. A pool's threads use the pool's.
void dk_use_isa(dk_isa isa);
