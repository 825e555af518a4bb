"""Writes the fingerprint of a model's folder beside its files, by the rule of Sources/Darkroom/Models/ModelFingerprint.swift."""
import glob
import hashlib
import os
import sys

DESCRIPTION = ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "vae/config.json",
               "text_encoder/config.json"]
TOKENIZER = ["added_tokens.json", "merges.txt", "special_tokens_map.json", "spiece.model", "tokenizer.json",
             "tokenizer_config.json", "vocab.json"]


def fingerprint(folder):
    """SHA-256 of what sha256sum prints for the files that decide what the model draws."""
    names = DESCRIPTION + ["tokenizer/" + name for name in TOKENIZER]
    names += [os.path.relpath(path, folder) for path in glob.glob(os.path.join(folder, "*", "*.safetensors"))]
    lines = ""
    for name in sorted(names):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                lines += f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n"
    return hashlib.sha256(lines.encode()).hexdigest()


def write(folder):
    with open(os.path.join(folder, "fingerprint.txt"), "w") as file:
        file.write(fingerprint(folder))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: fingerprint.py FOLDER")
    write(sys.argv[1])
