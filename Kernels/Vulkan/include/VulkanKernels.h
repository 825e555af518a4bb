#pragma once
#include <stddef.h>
#include <stdint.h>

/// The SPIR-V of a kernel, and its size in bytes; null if there is no kernel of that name.
const void *_Nullable dv_kernel(const char *_Nonnull name, size_t *_Nonnull bytes);

/// The name of a kernel by its number; null beyond the last.
const char *_Nullable dv_kernel_name(size_t index);

/// Goes on with a hash (FNV-1a), which begins with 0xCBF29CE484222325.
uint64_t dv_hash(uint64_t hash, const void *_Nullable bytes, size_t count);
