#pragma once

/// How kernels find and leave the numbers between them: all of one kernel's inputs and outputs alike. Sums, norms,
/// softmax and everything in between are float32; biases and the weights of norms are stored so.
typedef enum { dk_float32 = 0, dk_bfloat16 = 1 } dk_storage;

static inline long dk_bytes(dk_storage storage) { return storage == dk_bfloat16 ? 2 : 4; }
