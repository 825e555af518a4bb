#pragma once
#include <stddef.h>

/// A file of the built-in model: its path within the model's folder, and its bytes.
typedef struct {
  const char *path;
  const unsigned char *bytes;
  size_t count;
} BuiltInFile;

/// The files of the built-in model, and how many they are.
const BuiltInFile *built_in_model_files(size_t *count);

/// What tells the built-in model's content apart from another's, in hexadecimal digits.
const char *built_in_model_fingerprint(void);

/// The bytes of the built-in upscaler's .safetensors file, and how many they are.
const unsigned char *built_in_upscaler(size_t *count);
