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

const char *dv_kernel_name(size_t index) {
  return index < sizeof modules / sizeof *modules ? modules[index].name : NULL;
}

uint64_t dv_hash(uint64_t hash, const void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001B3;
  return hash;
}
