#!/usr/bin/env python3
"""Makes tables of what scripts/gpu-check found, in Markdown: gpu_table.py PARTS. What a part did not give is left out."""

import json
import math
import statistics
import struct
import sys
import zlib
from pathlib import Path


def loaded(parts, name):
    try:
        return json.loads((parts / name).read_text())
    except (OSError, ValueError):
        return None


def pixels(path):
    """Rows of bytes of an 8-bit PNG, without a library that a bare machine may lack."""
    data = path.read_bytes()
    at, packed, header = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    width, height, depth, colour = header[:4]
    step = {0: 1, 2: 3, 4: 2, 6: 4}[colour] * depth // 8
    stream, above, rows = zlib.decompress(packed), bytes(width * step), []
    for y in range(height):
        start = y * (width * step + 1)
        way, row = stream[start], bytearray(stream[start + 1 : start + 1 + width * step])
        for x in range(len(row)):
            left = row[x - step] if x >= step else 0
            up, corner = above[x], above[x - step] if x >= step else 0
            guess = left + up - corner
            near = min((left, up, corner), key=lambda value: abs(guess - value))
            row[x] = row[x] + (0, left, up, (left + up) // 2, near)[way] & 255
        above = row
        rows.append(bytes(row))
    return b"".join(rows)


def likeness(parts, one, other):
    try:
        a, b = (pixels(parts / f"{name}.png") for name in (one, other))
    except (OSError, struct.error, zlib.error, KeyError, IndexError, TypeError) as error:
        return f"no picture ({type(error).__name__})"
    if a == b:
        return "the same bytes"
    differences = [abs(x - y) for x, y in zip(a, b)]
    error = sum(d * d for d in differences) / max(1, len(differences))
    return f"PSNR {10 * math.log10(255**2 / error):.1f} dB, at most {max(differences)} levels"


def table(heads, rows):
    if not rows:
        return
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def ms(seconds):
    return "" if seconds is None else f"{seconds * 1e3:.2f}" if seconds < 0.1 else f"{seconds * 1e3:.0f}"


def tera(rate):
    return "" if not rate else f"{rate / 1e12:.3g}"


def devices(parts):
    card = parts / "card.out"
    if card.exists() and card.read_text().strip():
        print("```\n" + card.read_text().strip() + "\n```\n")
    for device in (loaded(parts, "devices.out") or {}).get("devices", []):
        if device["kind"] == "cpu":
            continue
        verdict = device.get("problem") or "; ".join(device["distrusted"]) or "all kernels are right"
        print(f"{device['name']}, {device['driver']}: {verdict}. Matrices: {device['matrices']}.\n")
    for report in (loaded(parts, "pipelines.out") or {}).get("devices", []):
        table(["limit of " + report["name"], ""], sorted(report["limits"].items()))
        if report["kernels"] and not report["tells_statistics"]:
            print("The driver tells neither registers nor spills.\n")
        rows = []
        for kernel in report["kernels"]:
            # NVIDIA's driver leaves something above the 32 bits of this number.
            low = {name: str(int(value) & 0xFFFFFFFF) if name.endswith("Local Memory Size") else value
                   for name, value in kernel["statistics"].items()}
            told = ", ".join(f"{name} {value}" for name, value in sorted(low.items()) if value != "0")
            rows.append([f"`{kernel['kernel']}`", ms(kernel["seconds"]), kernel.get("problem") or told])
        table(["kernel", "compiling, ms", "registers, spills, code"], rows)


def pictures(parts):
    table(
        ["picture", "beside", ""],
        [
            [a, b, likeness(parts, a, b)]
            for a, b in [
                ("small-float32", "small-cpu"), ("small-float16", "small-cpu"), ("small-again", "small-float16"),
                ("small-short", "small-float16"), ("small-after-kill", "small-float16"), ("large-gpu", "large-cpu"),
            ]
        ],
    )


def speeds(parts):
    rows, torch = [], loaded(parts, "torch.json") or {}
    for file in sorted(parts.glob("bench*.out")):
        measured = loaded(parts, file.name)
        if not measured:
            continue
        median = {name: statistics.median(measured[name]) for name in ("steps", "decodes", "pictures") if measured[name]}
        size = file.stem.removeprefix("bench").removeprefix("-") or "as asked"
        picture = f"{median['pictures']:.2f} s of {measured['steps_of_picture']} steps" if "pictures" in median else ""
        rows.append(
            [f"{measured['instructions']}, {measured['precision']}", size, ms(median.get("steps")), ms(median.get("decodes")),
             picture, f"{measured['load']:.1f}"]
        )
    for mode in ("eager", "reduce-overhead", "max-autotune"):
        if mode in torch:
            name = f"PyTorch {torch['torch']} {mode}, {torch['dtype']}, {torch['device']}"
            rows.append([name, "as asked", ms(torch[mode].get("step")), ms(torch[mode].get("decode")), "", ""])
    table(["engine", "size", "step, ms", "decode, ms", "picture", "load, s"], rows)


def operations(parts):
    measured, torch = loaded(parts, "ops.out"), loaded(parts, "torch.json") or {}
    if not measured:
        return
    limits = measured["limits"]
    told = [f"products {tera(measured.get('matrix_limit'))} TFLOP/s", f"memory {tera(limits.get('bytes_per_second'))} TB/s"]
    if "operations_per_second" in torch:
        told.append(f"PyTorch's {tera(torch['operations_per_second'])} TFLOP/s and {tera(torch['bytes_per_second'])} TB/s")
    print("Limits as measured: " + ", ".join(told) + ".\n")
    table(
        ["network", "together", "ms", "of the time", "TFLOP/s", "of the limit"],
        [
            [part["network"], part["name"], ms(part["seconds"]), f"{part['share_of_time']:.0%}",
             tera(part["operations_per_second"]), f"{part['share']:.0%}" if part.get("share") else ""]
            for part in measured["summaries"]
        ],
    )
    peers = {(op["network"], op["name"]): op for op in torch.get("ops", [])}
    rows = []
    for op in sorted(measured["ops"], key=lambda op: -op["seconds"])[:40]:
        one = op["seconds"] / op["count"]
        peer = peers.get((op["network"], op["name"]), {}).get("seconds")
        rows.append(
            [op["network"], op["name"], op["count"], f"{one * 1e6:.1f}", f"{op['share_of_time']:.1%}",
             tera(op["operations_per_second"]), f"{peer * 1e6:.1f}" if peer else "", f"{one / peer:.2f}" if peer else ""]
        )
    table(["network", "operation", "count", "µs", "of the time", "TFLOP/s", "PyTorch, µs", "times PyTorch"], rows)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    parts, failed = Path(sys.argv[1]), False
    for title, tell in [("Device", devices), ("Pictures", pictures), ("Speed", speeds), ("Operations", operations)]:
        print(f"## {title}\n")
        try:
            tell(parts)
        except Exception as error:  # One part's odd output must not cost the others' tables.
            print(f"{title}: {type(error).__name__}: {error}\n")
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
