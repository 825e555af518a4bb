#pragma once
#include <stdint.h>

/// A number that tells blocks of bytes apart: a block in which one word of 8 bytes has changed always has another, any
/// other two have the same once in 2^64. It notices damage and is no protection against a forged block.
uint64_t dk_checksum(const void *bytes, long count);
