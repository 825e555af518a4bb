"""Third step: writes the averaged weights as a diffusers folder in half precision."""
import argparse
import json
import os
import shutil

import torch
from diffusers import DDIMScheduler

import common
import fingerprint
import train_denoiser


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where to write the model")
    common.arguments(parser, minutes=0)
    options = parser.parse_args()
    words, text, unet = train_denoiser.models(options)
    state = torch.load(os.path.join(options.work, "denoiser.pt"), map_location="cpu")
    text.load_state_dict(state["averaged"]["text"])
    unet.load_state_dict(state["averaged"]["unet"])
    parts = {"vae": train_denoiser.trained_vae(options), "text_encoder": text, "unet": unet}
    for name, module in parts.items():
        module.half().save_pretrained(os.path.join(options.folder, name))
    DDIMScheduler(**train_denoiser.NOISE, timestep_spacing="trailing").save_pretrained(
        os.path.join(options.folder, "scheduler"))
    shutil.copytree(os.path.join(options.work, "tokenizer"), os.path.join(options.folder, "tokenizer"),
                    dirs_exist_ok=True)
    with open(os.path.join(options.folder, "model_index.json"), "w") as file:
        json.dump({
            "_class_name": "StableDiffusionPipeline", "feature_extractor": [None, None],
            "safety_checker": [None, None], "requires_safety_checker": False,
            "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"]}, file, indent=2)
    fingerprint.write(options.folder)
    total = sum(os.path.getsize(os.path.join(folder, name))
                for folder, _, names in os.walk(options.folder) for name in names)
    print(f"{options.folder}: {total / 1e6:.2f} MB, {state['steps']} steps, {state['elapsed'] / 60:.0f} minutes")


if __name__ == "__main__":
    main()
