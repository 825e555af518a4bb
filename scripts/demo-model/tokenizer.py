"""A small byte-pair vocabulary in CLIP's format, learned from the grammar's captions."""
import collections
import json
import os
import random
import re

from world import caption, random_scene

POSITIONS = 77
MERGES = 640
START, END = "<|startoftext|>", "<|endoftext|>"
EXTRA_WORDS = "art oil painting photo style the and with of in light dark bright colorful view landscape".split()


def byte_letters():
    """CLIP's order of bytes: printable ones stand for themselves, the others for letters from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(rest))]


def words_of(text):
    return re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]+", text.lower())


def learn_merges(counts):
    """The merges of byte-pair encoding, most frequent pair first, ties in alphabetical order."""
    words = {word: [*word[:-1], word[-1] + "</w>"] for word in counts}
    merges = []
    while len(merges) < MERGES:
        pairs = collections.Counter()
        for word, parts in words.items():
            for pair in zip(parts, parts[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        for word, parts in words.items():
            words[word] = merged(parts, best)
    return merges


def merged(parts, pair):
    result, i = [], 0
    while i < len(parts):
        if i + 1 < len(parts) and (parts[i], parts[i + 1]) == pair:
            result.append(parts[i] + parts[i + 1])
            i += 2
        else:
            result.append(parts[i])
            i += 1
    return result


def write(folder, seed=1):
    """Writes `vocab.json`, `merges.txt` and `tokenizer_config.json`."""
    source = random.Random(seed)
    counts = collections.Counter(EXTRA_WORDS)
    for _ in range(30000):
        counts.update(words_of(caption(source, random_scene(source))))
    merges = learn_merges({word: n for word, n in counts.items() if word.isalpha()})
    letters = byte_letters()
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges] + [START, END]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as file:
        json.dump({token: i for i, token in enumerate(tokens)}, file, ensure_ascii=False)
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "CLIPTokenizer", "model_max_length": POSITIONS, "bos_token": START,
                   "eos_token": END, "unk_token": END, "pad_token": END, "do_lower_case": True}, file, indent=2)
    return len(tokens)
