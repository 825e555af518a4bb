#pragma once
#include <stddef.h>
/// The gzip-compressed merges of the CLIP byte-pair vocabulary, and their size in bytes.
const unsigned char *clip_merges_gz(size_t *count);
