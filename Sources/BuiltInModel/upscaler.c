#include "BuiltInModel.h"

static const unsigned char upscaler[] = {
#embed "upscaler/realesr-animevideov3.safetensors"
};

const unsigned char *built_in_upscaler(size_t *count) {
  *count = sizeof upscaler;
  return upscaler;
}
