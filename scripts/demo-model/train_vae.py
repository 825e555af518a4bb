"""First step: trains the autoencoder on crops of drawn pictures."""
import argparse
import random

import numpy as np
import torch
from diffusers import AutoencoderKL

import common
from draw import draw
from world import random_scene

PHASES = [(0.2, 32, 32), (0.45, 64, 16), (0.65, 128, 6), (1.0, 256, 2)]  # until this share of the time: side of a crop, crops
CONFIGURATION = dict(
    down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
    block_out_channels=[32, 48, 80, 112], layers_per_block=1, latent_channels=4, norm_num_groups=8,
    mid_block_add_attention=False, sample_size=256)


def crops(source, side, count):
    """`count` crops [3, side, side] in [-1, 1], two of each picture, half of them chosen for their detail."""
    found = []
    while len(found) < count:
        picture = draw(random_scene(source), source)
        candidates = []
        for _ in range(4):
            x, y = source.randrange(0, 257 - side), source.randrange(0, 257 - side)
            candidates.append(picture[y : y + side, x : x + side])
        found += [candidates[0], max(candidates[1:], key=lambda crop: crop.std())]
    return torch.from_numpy(np.stack(found[:count])).permute(0, 3, 1, 2).float() / 127.5 - 1


def differences(x):
    return x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]


def loss_of(vae, x):
    """L1, L1 of the edges and a little KL."""
    posterior = vae.encode(x).latent_dist
    y = vae.decode(posterior.sample()).sample.float()
    edges = sum((a - b).abs().mean() for a, b in zip(differences(y), differences(x)))
    small = torch.nn.functional.avg_pool2d(y - x, 8).abs().mean()
    return (y - x).abs().mean() + edges + 0.5 * small + 1e-4 * posterior.kl().mean() / posterior.mean[0].numel()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    common.arguments(parser, minutes=38)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    vae = AutoencoderKL(**CONFIGURATION).to(options.device, memory_format=torch.channels_last)
    training = common.Training(options, "vae", {"vae": vae}, rate=2e-3)
    source = random.Random(options.seed + training.steps)
    torch.manual_seed(options.seed + training.steps)

    def step():
        share = training.elapsed / (60 * options.minutes)
        side, count = next((side, count) for end, side, count in PHASES if share <= end or end == 1)
        x = crops(source, side, count).to(options.device, memory_format=torch.channels_last)
        with torch.autocast(options.device, dtype=torch.bfloat16):
            return loss_of(vae, x)

    training.run(step)


if __name__ == "__main__":
    main()
