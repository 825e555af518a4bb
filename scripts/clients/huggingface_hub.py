#!/usr/bin/env python3
"""huggingface_hub and darkroom share a cache: what one fetches, the other uses, waits for and deletes."""

import json
import os
import pathlib
import subprocess
import sys
import time

DARKROOM = os.environ["DARKROOM"]
WORK = pathlib.Path(os.environ["WORK"])
MODEL = pathlib.Path(os.environ["FIXTURES"]) / "sd1_tiny"
DOUBLE = pathlib.Path(__file__).parent / "support" / "hub_double.py"


def check(condition, what):
    if not condition:
        sys.exit(f"huggingface_hub: {what}")
    print(f"  ok: {what}")


def environment(cache, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
    return kept | {"HF_HOME": str(WORK / cache), "HF_ENDPOINT": ADDRESS, "HF_HUB_DISABLE_TELEMETRY": "1"} | more


def darkroom(cache, *words, code=0, **more):
    result = subprocess.run([DARKROOM, *words], env=environment(cache, **more), cwd=WORK, capture_output=True, text=True)
    if result.returncode != code:
        sys.exit(f"darkroom {' '.join(words)}: exit status {result.returncode}\n{result.stderr}")
    return result


def python(cache, text, **more):
    """Runs lines with the client imported; the last line of its output is JSON."""
    head = "import json\nfrom huggingface_hub import *\n"
    result = subprocess.run([sys.executable, "-P", "-c", head + text], env=environment(cache, **more),
                            capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"huggingface_hub failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def contents(folder):
    folder = pathlib.Path(folder)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


SCAN = """
info = scan_cache_dir()
print(json.dumps({"warnings": [str(w) for w in info.warnings],
  "models": {repo.repo_id: {"refs": sorted(repo.refs), "files": repo.nb_files, "bytes": repo.size_on_disk}
             for repo in info.repos}}))
"""


def ours_then_theirs():
    pulled = json.loads(darkroom("ours", "pull", "own/tiny", "--json").stdout)
    check(contents(pulled["path"]) == contents(MODEL), "darkroom pull fetches the files as they are")
    there = python("ours", 'print(json.dumps(snapshot_download("own/tiny")))', HF_HUB_OFFLINE="1")
    check(there == pulled["path"], "snapshot_download finds the same folder offline")
    name = "unet/config.json"
    file = python("ours", f'print(json.dumps(hf_hub_download("own/tiny", "{name}")))', HF_HUB_OFFLINE="1")
    check(file == f"{pulled['path']}/{name}", "hf_hub_download finds a file offline")
    size = sum(len(data) for data in contents(MODEL).values())
    scan = python("ours", SCAN)
    check(scan == {"warnings": [], "models": {"own/tiny": {"refs": ["main"], "files": len(contents(MODEL)), "bytes": size}}},
          "scan_cache_dir sees the model without a warning")
    before = sorted(path.name for path in (WORK / "ours/hub/models--own--tiny/blobs").iterdir())
    python("ours", 'print(json.dumps(snapshot_download("own/tiny")))')
    after = sorted(path.name for path in (WORK / "ours/hub/models--own--tiny/blobs").iterdir())
    check(before == after, "snapshot_download fetches nothing again")
    darkroom("ours", "remove", "own/tiny")
    check(python("ours", SCAN) == {"warnings": [], "models": {}}, "after darkroom remove the cache is clean")


def theirs_then_ours():
    folder = python("theirs", 'print(json.dumps(snapshot_download("own/tiny")))')
    models = json.loads(darkroom("theirs", "models", "--json").stdout)["models"]
    found = [model for model in models if model["repository"] == "own/tiny"]
    check(len(found) == 1 and found[0]["path"] == folder and found[0]["missing"] == []
          and found[0]["revisions"] == ["main"] and found[0]["family"] == "Stable Diffusion 1",
          "darkroom models lists what snapshot_download has fetched")
    darkroom("theirs", "generate", "x", "--model", "own/tiny", "--steps", "1", "--size", "64x64", "--output", "a.png",
             HF_HUB_OFFLINE="1")
    check((WORK / "a.png").read_bytes().startswith(b"\x89PNG"), "--model loads it")
    pulled = json.loads(darkroom("theirs", "pull", "own/tiny", "--json").stdout)
    check(all(file["was_there"] for file in pulled["files"]), "darkroom pull fetches nothing again")
    python("theirs", """
info = scan_cache_dir()
info.delete_revisions(*[r.commit_hash for repo in info.repos for r in repo.revisions]).execute()
print("null")
""")
    result = darkroom("theirs", "generate", "x", "--model", "own/tiny", code=1)
    check("darkroom pull own/tiny" in result.stderr, "what the client has deleted is gone")


def a_part_of_theirs():
    python("part", 'print(json.dumps(snapshot_download("own/tiny", ignore_patterns="unet/*.safetensors")))')
    result = darkroom("part", "generate", "x", "--model", "own/tiny", code=1)
    check("without unet/diffusion_pytorch_model.safetensors" in result.stderr, "a part of a model is no model")
    pulled = json.loads(darkroom("part", "pull", "own/tiny", "--json").stdout)
    check([file["path"] for file in pulled["files"] if not file["was_there"]] == ["unet/diffusion_pytorch_model.safetensors"],
          "darkroom pull fetches what is missing")


def locks():
    """The client holds the lock of one blob for a while, as when it fetches it."""
    holder = subprocess.Popen([sys.executable, "-P", "-c", """
import json, os, pathlib, sys, time, urllib.request
from huggingface_hub.utils import WeakFileLock
address = os.environ["HF_ENDPOINT"] + "/api/models/own/tiny"
commit = json.load(urllib.request.urlopen(address))["sha"]
entry = json.load(urllib.request.urlopen(f"{address}/tree/{commit}"))[0]
lock = pathlib.Path(os.environ["HF_HOME"], "hub/.locks/models--own--tiny", entry["oid"] + ".lock")
lock.parent.mkdir(parents=True)
with WeakFileLock(lock):
    print(entry["path"], flush=True)
    time.sleep(2)
"""], env=environment("locks"), stdout=subprocess.PIPE, text=True)
    name = holder.stdout.readline().strip()
    start = time.monotonic()
    result = darkroom("locks", "pull", "own/tiny")
    check(f"{name}: another program is fetching it; waiting" in result.stderr and time.monotonic() - start > 1,
          "darkroom pull waits for the client's lock")
    holder.wait()


address_file = WORK / "address"
double = subprocess.Popen([sys.executable, "-P", str(DOUBLE), f"own/tiny={MODEL}", "--address-file", str(address_file)])
try:
    while not address_file.exists():
        if double.poll() is not None:
            sys.exit("the Hub's double did not start")
        time.sleep(0.05)
    ADDRESS = address_file.read_text()
    ours_then_theirs()
    theirs_then_ours()
    a_part_of_theirs()
    locks()
finally:
    double.kill()
    double.wait()
