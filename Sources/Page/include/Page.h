#pragma once
#include <stddef.h>

/// A file of the page: its name, and its bytes.
typedef struct {
  const char *name;
  const unsigned char *bytes;
  size_t count;
} PageFile;

/// The files of the page, and how many they are.
const PageFile *page_files(size_t *count);
