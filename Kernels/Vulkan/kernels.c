#include "VulkanKernels.h"

#include <stdalign.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wc23-extensions"

struct module {
  const char *name;
  const void *words;
  size_t bytes;
};

#include "spirv/spirv.h"

const void *dv_kernel(const char *name, size_t *bytes) {
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    if (strcmp(modules[i].name, name) == 0) {
      *bytes = modules[i].bytes;
      return modules[i].words;
    }
  return NULL;
}

// FNV-1a.
uint64_t dv_kernels_fingerprint(void) {
  uint64_t hash = 0xCBF29CE484222325;
  for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
    for (size_t byte = 0; byte < modules[i].bytes; byte++)
      hash = (hash ^ ((const unsigned char *)modules[i].words)[byte]) * 0x100000001B3;
  return hash;
}
