#!/usr/bin/env python3
"""A comparison's report in a browser: it needs no network, no script, and shows its verdict, plots and pictures."""

import html
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import zlib

DARKROOM = os.environ["DARKROOM"]
FOLDER = pathlib.Path(os.environ["WORK"]) / "comparison"
PROMPT = "a <red> house & a lake"


def check(condition, what):
    if not condition:
        sys.exit(f"chromium_report: {what}")
    print(f"  ok: {what}")


def compare():
    command = [DARKROOM, "compare", "--samplers", "euler,dpmpp_2m,lcm,euler_a", "--steps", "3,6,12",
               "--reference-calls", "40", "--size", "128x128", "--prompt", PROMPT, "--output", f"{FOLDER}/", "--json"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"darkroom compare: exit status {result.returncode}\n{result.stderr}")
    return json.loads(result.stdout)


def chromium(*flags):
    """Without any address that could be reached."""
    profile = FOLDER.parent / "profile"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,1600",
               "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", "--enable-logging=stderr", *flags,
               (FOLDER / "report.html").as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def pixels(path):
    """The rows of a PNG with 8 bits a channel as they are packed, and the length of one: enough to tell them apart."""
    data = path.read_bytes()
    place, packed, channels = 8, b"", 3
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place:place + 8])
        if kind == b"IHDR":
            channels = {2: 3, 6: 4}[data[place + 17]]
            width = struct.unpack(">I", data[place + 8:place + 12])[0]
        if kind == b"IDAT":
            packed += data[place + 8:place + 8 + length]
        place += 12 + length
    raw = zlib.decompress(packed)
    return raw, width * channels + 1


def main():
    outcome = compare()
    page = (FOLDER / "report.html").read_text()
    check(re.search(r"""(?:src|href)\s*=\s*["'](?:https?:)?//""", page) is None, "the page refers to no other place")
    check("<script" not in page, "it has no script")
    check(html.escape(PROMPT, quote=False) in page and PROMPT not in page, "the prompt is escaped")

    shown = chromium("--dump-dom")
    check(shown.returncode == 0 and "<svg" in shown.stdout, "the browser reads it")
    text = html.unescape(re.sub(r"<[^>]+>", "", shown.stdout))
    answer = re.split(r"[;,.]", outcome["verdict"])[0]
    check(answer in text, f"it says: {outcome['verdict']}")
    check(shown.stdout.count("<svg") >= 4, "it has plots")
    check("CONSOLE" not in shown.stderr, "the browser finds nothing wrong")

    picture = FOLDER.parent / "report.png"
    check(chromium(f"--screenshot={picture}").returncode == 0, "the browser draws it")
    raw, row = pixels(picture)
    rows = {raw[start:start + row] for start in range(0, len(raw), row)}
    check(len(rows) > 300, "the drawing is not empty")


main()
