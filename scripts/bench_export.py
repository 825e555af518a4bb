"""The networks of a diffusers folder as PyTorch modules, and what peers have them exported to, kept below .build/bench.
An export is made by a process of its own, since that takes several times the model's memory."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

EXPORTS = Path(__file__).resolve().parent.parent / ".build/bench"
TOKENS = 77


def autoencoder_folder(options):
    return options.vae or options.model / "vae"


def folder(options, kind):
    """The folder of an export, made if need be by the running program with --export.
    - kind: names how it was exported; another kind is another folder."""
    files = sorted(options.model.glob("*/*.safetensors")) + sorted(autoencoder_folder(options).glob("*.safetensors"))
    facts = [[str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns] for path in files]
    key = json.dumps([kind, options.size, options.predictions, facts])
    place = EXPORTS / kind / hashlib.sha256(key.encode()).hexdigest()[:16]
    if not (place / "complete").exists():
        print(f"{Path(sys.argv[0]).name}: exporting to {place}", file=sys.stderr, flush=True)
        place.mkdir(parents=True, exist_ok=True)
        # Later flags win.
        subprocess.run([sys.executable, *sys.argv, "--export", place], check=True, stdout=sys.stderr, stdin=subprocess.DEVNULL)
        (place / "complete").touch()
    return place


def load(options, dtype):
    """UNet and autoencoder in PyTorch, the one of --vae if there is one, of either class."""
    import diffusers

    place = autoencoder_folder(options)
    kind = getattr(diffusers, json.loads((place / "config.json").read_text())["_class_name"])
    settings = dict(dtype=dtype, low_cpu_mem_usage=False)
    unet = diffusers.UNet2DConditionModel.from_pretrained(options.model / "unet", **settings)
    return unet.eval(), kind.from_pretrained(place, **settings).eval()


def latent_side(options, vae):
    return options.size // 2 ** (len(vae.config.block_out_channels) - 1)


def inputs(options, unet, vae):
    """Random inputs of a step, and the latents of a decoding."""
    import torch

    generator = torch.Generator("cpu").manual_seed(0)
    rows, side = options.predictions, latent_side(options, vae)
    step = [
        torch.randn(rows, unet.config.in_channels, side, side, generator=generator), torch.tensor([500.0]),
        torch.randn(rows, TOKENS, unet.config.cross_attention_dim, generator=generator),
    ]
    return step, [5 * torch.randn(1, vae.config.latent_channels, side, side, generator=generator)]


def modules(options):
    """Name -> module of plain tensors and its inputs: "unet", a step, and "vae", a decoding, in float32."""
    import torch

    class Denoiser(torch.nn.Module):
        def __init__(self, unet):
            super().__init__()
            self.unet = unet

        def forward(self, latents, time, context):
            return self.unet(latents, time, encoder_hidden_states=context, return_dict=False)[0]

    class Decoder(torch.nn.Module):
        def __init__(self, vae):
            super().__init__()
            self.vae = vae

        def forward(self, latents):
            return self.vae.decode(latents, return_dict=False)[0]

    unet, vae = load(options, torch.float32)
    step, code = inputs(options, unet, vae)
    return {"vae": (Decoder(vae).eval(), code), "unet": (Denoiser(unet).eval(), step)}
