#!/usr/bin/env python3
"""PyTorch beside the engine on one device, in one run: the device's limits, each product and attention of the engine's table of
operations by itself, then a guided step and a decoding of the same model, eager and compiled. What is done is in OUT at once, so
that a run which is cut short loses nothing. scripts/gpu-check starts it."""

import argparse
import json
import re
import statistics
import time
from pathlib import Path


def parsed():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="a folder in diffusers' layout")
    parser.add_argument("ops", type=Path, help="what darkroom bench --ops --json printed")
    parser.add_argument("out", type=Path, help="JSON")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--size", default="512x512", metavar="WxH")
    parser.add_argument("--most", type=int, default=60, help="operations, those that take the most time first [60]")
    parser.add_argument("--no-compile", action="store_true")
    return parser.parse_args()


class Peer:
    def __init__(self, options):
        import torch

        self.torch, self.options = torch, options
        self.on_gpu = options.device.startswith("cuda")
        self.dtype = torch.float16 if self.on_gpu else torch.float32
        name = torch.cuda.get_device_name() if self.on_gpu else options.device
        self.report = {"torch": torch.__version__, "device": name, "dtype": str(self.dtype).removeprefix("torch.")}

    def keep(self, **facts):
        self.report.update(facts)
        self.options.out.write_text(json.dumps(self.report, indent=1))
        print(json.dumps(facts)[:400], flush=True)

    def seconds(self, call, rounds=20, warm=5):
        """The median time of a call, by the device's clock."""
        for _ in range(warm):
            call()
        times = []
        for _ in range(rounds):
            if self.on_gpu:
                start, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
                start.record()
                call()
                end.record()
                end.synchronize()
                times.append(start.elapsed_time(end) / 1e3)
            else:
                started = time.perf_counter()
                call()
                times.append(time.perf_counter() - started)
        return statistics.median(times)

    def noise(self, *shape):
        return self.torch.randn(*shape, device=self.options.device, dtype=self.dtype) * 0.5

    def limits(self):
        side, count = (8192, 1 << 30) if self.on_gpu else (512, 1 << 24)
        a, b = self.noise(side, side), self.noise(side, side)
        product = 2 * side**3 / self.seconds(lambda: a @ b, rounds=5)
        source = self.torch.empty(count, dtype=self.torch.uint8, device=self.options.device)
        target = self.torch.empty_like(source)
        copy = 2 * count / self.seconds(lambda: target.copy_(source), rounds=5)
        self.keep(operations_per_second=product, bytes_per_second=copy)

    def call(self, network, name):
        """The same work as an operation of the engine's table; None for what is no product or attention."""
        functional = self.torch.nn.functional
        last = self.torch.channels_last
        if m := re.match(r"conv2d (\d)x\d/(\d) \[(\d+), (\d+), (\d+), (\d+)\] to (\d+)", name):
            kernel, stride, batch, height, width, channels, outputs = map(int, m.groups())
            x = self.noise(batch, channels, height, width).to(memory_format=last)
            weight = self.noise(outputs, channels, kernel, kernel).to(memory_format=last)
            return lambda: functional.conv2d(x, weight, stride=stride, padding=kernel // 2)
        if m := re.match(r"linear \[([\d, ]+)\] to (\d+)", name):
            shape = [int(size) for size in m[1].split(",")]
            x, weight = self.noise(*shape), self.noise(int(m[2]), shape[-1])
            return lambda: functional.linear(x, weight)
        if m := re.match(r"attention (\d+)x(\d+), (\d+) of (\d+)", name):
            heads, width, queries, keys = map(int, m.groups())
            batch = 1 if network == "vae" else 2
            q, k, v = (self.noise(batch, heads, length, width) for length in (queries, keys, keys))
            return lambda: functional.scaled_dot_product_attention(q, k, v)
        return None

    def operations(self):
        # Many calls between two marks, so that launching them does not count.
        rows, many = [], 10 if self.on_gpu else 1
        try:
            ops = json.loads(self.options.ops.read_text())["ops"]
        except (OSError, ValueError, KeyError) as error:
            return self.keep(ops=[], ops_problem=f"{self.options.ops}: {error}")
        for op in sorted(ops, key=lambda op: -op["seconds"])[: self.options.most]:
            call = self.call(op["network"], op["name"])
            if not call:
                continue
            try:
                together = self.seconds(lambda: [call() for _ in range(many)], rounds=10, warm=3)
            except RuntimeError as error:
                rows.append({"network": op["network"], "name": op["name"], "problem": str(error)[:200]})
                continue
            rows.append({"network": op["network"], "name": op["name"], "seconds": together / many})
        self.keep(ops=rows)

    def networks(self):
        import diffusers

        torch, last = self.torch, self.torch.channels_last
        unet, vae = (
            kind.from_pretrained(self.options.model / part, torch_dtype=self.dtype).eval()
            .to(self.options.device, memory_format=last)
            for kind, part in [(diffusers.UNet2DConditionModel, "unet"), (diffusers.AutoencoderKL, "vae")]
        )
        scale = 2 ** (len(vae.config.block_out_channels) - 1)
        width, height = (int(side) // scale for side in self.options.size.split("x"))
        latents = self.noise(2, unet.config.in_channels, height, width).to(memory_format=last)
        context = self.noise(2, 77, unet.config.cross_attention_dim)
        timestep = torch.tensor(500, device=self.options.device)

        def step(network):
            return lambda: network(latents, timestep, context, return_dict=False)

        def decode(decoder):
            code = (5 * latents[:1, : vae.config.latent_channels]).to(memory_format=last)
            return lambda: decoder(code, return_dict=False)

        self.keep(eager={"step": self.seconds(step(unet)), "decode": self.seconds(decode(vae.decode))})
        if self.options.no_compile:
            return
        for mode in ["reduce-overhead", "max-autotune"]:
            started = time.time()
            measured = {"step": self.seconds(step(torch.compile(unet, mode=mode, fullgraph=True)))}
            self.keep(**{mode: measured})
            if mode == "reduce-overhead":
                measured["decode"] = self.seconds(decode(torch.compile(vae.decode, mode=mode)))
            self.keep(**{mode: measured | {"compiling": time.time() - started}})


def main():
    peer = Peer(parsed())
    with peer.torch.inference_mode():
        peer.limits()
        peer.operations()
        peer.networks()


if __name__ == "__main__":
    main()
