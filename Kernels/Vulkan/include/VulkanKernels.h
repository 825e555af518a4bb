#pragma once
#include <stddef.h>
#include <stdint.h>

/// The SPIR-V of a kernel, and its size in bytes; null if there is no kernel of that name.
const void *_Nullable dv_kernel(const char *_Nonnull name, size_t *_Nonnull bytes);

/// A number that changes with any kernel.
uint64_t dv_kernels_fingerprint(void);
