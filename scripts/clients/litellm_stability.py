#!/usr/bin/env python3
"""litellm's Stability calls: pictures of prompts, and edits. Only api_base is changed."""

import base64
import os
import pathlib

# Its prices come with it; else it fetches them.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm

from pictures import box, differ, file, gradient, opened
from server import Server, check

START = gradient(256, 192)
HOLE = (64, 64, 160, 128)
litellm.suppress_debug_info = True
work = pathlib.Path(os.environ["WORK"])


def picture(response):
    return opened(base64.b64decode(response.data[0].b64_json))


def stored(name, picture):
    """An open file, as edits take it."""
    path = work / name
    path.write_bytes(file(picture))
    return path.open("rb")


def generate(host):
    for model, size in [("sd3.5-large", "1024x1024"), ("stable-image-core", "1792x1024"), ("stable-image-ultra", "1024x1024")]:
        response = litellm.image_generation(model=f"stability/{model}", prompt="a lighthouse", size=size, api_base=host,
                                            api_key="sk-anything")
        found = picture(response)
        check(found.format == "PNG" and (found.width > found.height) == (size == "1792x1024"), f"{model} at {size}")


def edit(host):
    mask, outside = box(START.size, HOLE), box(START.size, HOLE, 0, 255)
    for model, size, extras in [
        ("inpaint", START.size, {"mask": stored("mask.png", mask), "grow_mask": 0}),
        ("erase", START.size, {"mask": stored("mask.png", mask)}),
        ("outpaint", (296, 212), {"left": 40, "bottom": 20}),
        ("fast", (1024, 768), {}),
    ]:
        response = litellm.image_edit(model=f"stability/{model}", image=stored("start.png", START), prompt="a red heart",
                                      api_base=host, api_key="sk-anything", **extras)
        found = picture(response)
        check(found.size == size, f"{model}: {found.width}x{found.height}")
        if model == "inpaint":
            check(not differ(found, START, outside) and differ(found, START, mask), "only what is white in the mask changes")


def refusal(host):
    try:
        litellm.image_generation(model="stability/sd3.5-large", prompt="", api_base=host, api_key="sk-anything")
        check(False, "an empty prompt is refused")
    except litellm.BadRequestError as error:
        check("prompt: is required" in str(error), "litellm shows why a request is refused")


with Server() as server:
    generate(server.url)
    edit(server.url)
    refusal(server.url)
