#include "BuiltInModel.h"

static const char fingerprint[] = {
#embed "model/fingerprint.txt" suffix(, 0)
};
static const unsigned char model_index[] = {
#embed "model/model_index.json"
};
static const unsigned char scheduler[] = {
#embed "model/scheduler/scheduler_config.json"
};
static const unsigned char text_encoder_config[] = {
#embed "model/text_encoder/config.json"
};
static const unsigned char text_encoder[] = {
#embed "model/text_encoder/model.safetensors"
};
static const unsigned char merges[] = {
#embed "model/tokenizer/merges.txt"
};
static const unsigned char tokenizer_config[] = {
#embed "model/tokenizer/tokenizer_config.json"
};
static const unsigned char vocab[] = {
#embed "model/tokenizer/vocab.json"
};
static const unsigned char unet_config[] = {
#embed "model/unet/config.json"
};
static const unsigned char unet[] = {
#embed "model/unet/diffusion_pytorch_model.safetensors"
};
static const unsigned char vae_config[] = {
#embed "model/vae/config.json"
};
static const unsigned char vae_preview[] = {
#embed "model/vae/preview.json"
};
static const unsigned char vae[] = {
#embed "model/vae/diffusion_pytorch_model.safetensors"
};

static const BuiltInFile files[] = {
    {"model_index.json", model_index, sizeof model_index},
    {"scheduler/scheduler_config.json", scheduler, sizeof scheduler},
    {"text_encoder/config.json", text_encoder_config, sizeof text_encoder_config},
    {"text_encoder/model.safetensors", text_encoder, sizeof text_encoder},
    {"tokenizer/merges.txt", merges, sizeof merges},
    {"tokenizer/tokenizer_config.json", tokenizer_config, sizeof tokenizer_config},
    {"tokenizer/vocab.json", vocab, sizeof vocab},
    {"unet/config.json", unet_config, sizeof unet_config},
    {"unet/diffusion_pytorch_model.safetensors", unet, sizeof unet},
    {"vae/config.json", vae_config, sizeof vae_config},
    {"vae/preview.json", vae_preview, sizeof vae_preview},
    {"vae/diffusion_pytorch_model.safetensors", vae, sizeof vae},
};

const BuiltInFile *built_in_model_files(size_t *count) {
  *count = sizeof files / sizeof *files;
  return files;
}

const char *built_in_model_fingerprint(void) {
  return fingerprint;
}
