"""What the programs have in common that scripts/bench plays against each other: their flags, and a sample for each line
that they are given. Each says its seconds on the error stream, as "step: 1.234 s", and prints a line of JSON at the end."""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

# A copy, since libraries may send what they print elsewhere for a while.
errors = os.fdopen(os.dup(2), "w", buffering=1)


def parser(description):
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("model", metavar="DIR", type=Path, help="a folder in diffusers' layout")
    result.add_argument("--size", type=int, default=512, metavar="N", help="pixels of a side (default 512)")
    result.add_argument("--rounds", type=int, default=5, metavar="N", help="samples of each time (default 5)")
    result.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    result.add_argument("--wait", action="store_true", help="read a line from the standard input before each sample")
    result.add_argument("--predictions", type=int, choices=[1, 2], default=2, help="rows of a step: 2 with guidance")
    result.add_argument("--vae", type=Path, metavar="DIR", help="an autoencoder's folder, in the place of the model's own")
    return result


def parsed(parser):
    options = parser.parse_args()
    if not (options.model / "unet").is_dir():
        parser.error(f"{options.model} is no folder with a unet/ in it")
    if options.size < 8 or options.size % 8 or options.rounds < 1 or options.threads < 1:
        parser.error("--size wants a positive multiple of 8, --rounds and --threads at least 1")
    if options.vae and not (options.vae / "config.json").is_file():
        parser.error(f"{options.vae} is no folder with a config.json in it")
    return options


def say(kind, seconds):
    print(f"{kind}: {seconds:.4f} s", file=errors, flush=True)


def take_turn(options):
    """Waits for the line that asks for the next sample."""
    if options.wait and not sys.stdin.readline():
        sys.exit(f"{Path(sys.argv[0]).name}: the input ended before the last sample")


def timed(kind, call, options):
    """Seconds of each of some calls, after one to warm up."""
    call()
    samples = []
    for _ in range(options.rounds):
        take_turn(options)
        started = time.perf_counter()
        call()
        samples.append(time.perf_counter() - started)
        say(kind, samples[-1])
    return summary(samples)


def summary(samples):
    return {"median_s": round(statistics.median(samples), 4), "samples_s": [round(sample, 4) for sample in samples]}


def peak_bytes(process="self"):
    """The most memory that a process had at once; unlike getrusage, without what its parent had."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return None
