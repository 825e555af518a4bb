"""Second step: trains the text encoder and the UNet together, on latents of the trained autoencoder."""
import argparse
import os
import random

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

import common
import tokenizer
from draw import draw
from train_vae import CONFIGURATION as VAE
from world import caption, random_scene

# Share of the time in which pictures are 128 pixels a side: a step with them takes half the time.
SMALL_PICTURES = 0.45
BATCH = 32
FIRST_PICTURES = {128: 6000, 256: 3000}
PICTURES_PER_STEP = 4
EMPTY_CAPTIONS = 0.1
NOISE = dict(num_train_timesteps=1000, beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.02,
             prediction_type="v_prediction", clip_sample=False)
UNET = dict(
    sample_size=32, block_out_channels=[48, 96, 128], layers_per_block=1, cross_attention_dim=128,
    norm_num_groups=8, attention_head_dim=4,
    down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    up_block_types=["UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"])


def text_configuration(vocabulary):
    return CLIPTextConfig(
        vocab_size=vocabulary, hidden_size=128, intermediate_size=512, num_hidden_layers=3, num_attention_heads=4,
        max_position_embeddings=tokenizer.POSITIONS, hidden_act="quick_gelu", projection_dim=128,
        bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1, pad_token_id=vocabulary - 1)


def trained_vae(options):
    """The averaged autoencoder, its latents brought to mean 0 and deviation 1 by its own 1x1 convolutions."""
    vae = AutoencoderKL(**VAE, scaling_factor=1.0)
    state = torch.load(os.path.join(options.work, "vae.pt"), map_location="cpu")
    vae.load_state_dict(state["averaged"]["vae"])
    vae = vae.to(options.device, memory_format=torch.channels_last).eval().requires_grad_(False)
    source = random.Random(0)
    pictures = [draw(random_scene(source), source) for _ in range(256)]
    latents = torch.cat([posterior(vae, pictures[i : i + 8], options.device).mode().float() for i in range(0, 256, 8)])
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    quant, post = vae.quant_conv, vae.post_quant_conv
    with torch.no_grad():
        post.bias += post.weight[:, :, 0, 0] @ mean
        post.weight *= deviation[None, :, None, None]
        quant.weight[:4] /= deviation[:, None, None, None]
        quant.bias[:4] = (quant.bias[:4] - mean) / deviation
        quant.bias[4:] -= 2 * deviation.log()
    return vae


@torch.no_grad()
def posterior(vae, pictures, device):
    """What the autoencoder makes of pictures, uint8 [256, 256, 3] each."""
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).to(device, memory_format=torch.channels_last)
    with torch.autocast(device, dtype=torch.bfloat16):
        return vae.encode(x.float() / 127.5 - 1).latent_dist


def reduced(picture, side):
    """The picture with `side` pixels a side, each the mean of a block."""
    block = len(picture) // side
    return picture.reshape(side, block, side, block, 3).mean((1, 3)).astype(np.uint8)


class Pictures:
    """Scenes with their latents; new ones come in all the time."""

    def __init__(self, vae, side, source, device):
        self.vae, self.side, self.source, self.device = vae, side, source, device
        self.scenes, self.latents = [], []
        while len(self.scenes) < FIRST_PICTURES[side]:
            self.add(8)

    def add(self, count):
        scenes = [random_scene(self.source) for _ in range(count)]
        self.scenes += scenes
        drawn = [reduced(draw(scene, self.source), self.side) for scene in scenes]
        self.latents += posterior(self.vae, drawn, self.device).sample().half().cpu()

    def batch(self):
        """Latents [batch, 4, side / 8, side / 8] and a new caption for each."""
        self.add(PICTURES_PER_STEP)
        chosen = [self.source.randrange(len(self.scenes)) for _ in range(BATCH)]
        captions = ["" if self.source.random() < EMPTY_CAPTIONS else caption(self.source, self.scenes[i])
                    for i in chosen]
        return torch.stack([self.latents[i] for i in chosen]).float().to(self.device), captions


def models(options):
    """The tokenizer and the untrained networks."""
    folder = os.path.join(options.work, "tokenizer")
    if not os.path.exists(os.path.join(folder, "merges.txt")):
        tokenizer.write(folder)
    words = CLIPTokenizer.from_pretrained(folder)
    text = CLIPTextModel(text_configuration(len(words))).to(options.device)
    unet = UNet2DConditionModel(**UNET).to(options.device, memory_format=torch.channels_last)
    return words, text, unet


def tokens_of(words, captions):
    return words(captions, padding="max_length", max_length=tokenizer.POSITIONS, truncation=True,
                 return_tensors="pt").input_ids


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    common.arguments(parser, minutes=110)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    words, text, unet = models(options)
    training = common.Training(options, "denoiser", {"text": text, "unet": unet}, rate=1.5e-3, decay=0.01)
    torch.manual_seed(options.seed + training.steps)
    vae = trained_vae(options)
    source = random.Random(options.seed + training.steps)
    noise_levels = DDPMScheduler(**NOISE)
    pictures = None

    def step():
        nonlocal pictures
        side = 128 if training.share < SMALL_PICTURES else 256
        if not pictures or pictures.side != side:
            pictures = Pictures(vae, side, source, options.device)
        x, captions = pictures.batch()
        noise = torch.randn_like(x)
        t = torch.randint(0, NOISE["num_train_timesteps"], (BATCH,), device=x.device)
        noisy = noise_levels.add_noise(x, noise, t).to(memory_format=torch.channels_last)
        target = noise_levels.get_velocity(x, noise, t)
        with torch.autocast(options.device, dtype=torch.bfloat16):
            context = text(tokens_of(words, captions).to(options.device)).last_hidden_state
            guess = unet(noisy, t, context).sample
        return (guess.float() - target).square().mean()

    training.run(step)


if __name__ == "__main__":
    main()
