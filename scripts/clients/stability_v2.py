#!/usr/bin/env python3
"""Stability's REST API, version 2, as programs with requests use it: only the host is changed."""

import base64
import concurrent.futures

import requests

from pictures import box, differ, file, gradient, opened
from server import Server, check

KEY = {"authorization": "Bearer sk-anything"}
START = gradient(256, 192)
HOLE = (64, 64, 160, 128)


def post(path, data, accept="image/*", files=None, **headers):
    """As the published samples send it: a form even where there is no file."""
    response = requests.post(f"{HOST}/v2beta/stable-image/{path}", headers=KEY | {"accept": accept} | headers,
                             files=files or {"none": ""}, data=data, timeout=300)
    if response.status_code != 200:
        raise SystemExit(f"{path}: {response.status_code} {response.text}")
    return response


def generate():
    response = post("generate/core", {"prompt": "a lighthouse above the sea", "output_format": "webp"})
    picture = opened(response.content)
    check(response.headers["content-type"] == "image/webp" and picture.format == "WEBP" and picture.size == (256, 256),
          "core gives a WebP file")
    check(response.headers["finish-reason"] == "SUCCESS" and 0 < int(response.headers["seed"]) < 2**32
          and response.headers["x-request-id"], "its headers tell how it ended, and the seed")

    response = post("generate/ultra", {"prompt": "a lighthouse", "aspect_ratio": "16:9", "style_preset": "anime"},
                    "application/json")
    body = response.json()
    check(response.headers["content-type"] == "application/json; type=image/png" and "seed" not in response.headers
          and body.keys() == {"image", "finish_reason", "seed"} and body["finish_reason"] == "SUCCESS",
          "ultra gives JSON where that is asked for")
    check(opened(base64.b64decode(body["image"])).size == (352, 192), "16:9 is as large as the model's own square")

    response = post("generate/sd3", {"prompt": "a lighthouse", "model": "sd3.5-large-turbo", "output_format": "jpeg"})
    check(opened(response.content).format == "JPEG", "sd3 gives a JPEG file")
    response = post("generate/sd3", {"prompt": "a lighthouse", "mode": "image-to-image", "strength": 0.5},
                    files={"image": file(START)})
    check(opened(response.content).size == START.size, "sd3 draws from a picture, at its size")


def edit():
    mask = box(START.size, HOLE)
    outside = box(START.size, HOLE, 0, 255)
    response = post("edit/inpaint", {"prompt": "a red heart", "grow_mask": 0, "seed": 5},
                    files={"image": file(START), "mask": file(mask)})
    picture = opened(response.content)
    check(picture.size == START.size and not differ(picture, START, outside) and differ(picture, START, mask),
          "inpaint changes what is white in the mask, and no pixel outside")
    cut = START.copy()
    cut.putalpha(box(START.size, HOLE, 0, 255))
    response = post("edit/inpaint", {"prompt": "a red heart", "grow_mask": 0, "seed": 5}, files={"image": file(cut)})
    check(not differ(opened(response.content), START, outside), "inpaint takes what is transparent for the mask")
    response = post("edit/erase", {}, files={"image": file(START, "JPEG"), "mask": file(mask)})
    check(opened(response.content).size == START.size, "erase needs no prompt, and takes JPEG")

    response = post("edit/outpaint", {"left": 40, "down": 20, "prompt": "a meadow"}, files={"image": file(START)})
    picture = opened(response.content)
    check(picture.size == (296, 212), "outpaint adds the pixels that were asked for")
    check(not differ(picture.crop((72, 0, 296, 160)), START.crop((32, 0, 256, 160))), "and keeps the picture")

    response = post("upscale/fast", {"output_format": "webp"}, files={"image": file(gradient(64, 48))})
    check(opened(response.content).size == (256, 192), "fast makes a picture four times as wide and high")


def sameness():
    """A seed gives the same bytes, whether they were kept or are drawn anew."""
    order = {"prompt": "a blue house", "seed": 77, "steps": 10, "width": 64, "height": 64}
    first = post("generate/core", order)
    made = SERVER.figure("pictures_total")
    again = post("generate/core", order)
    check(again.content == first.content and SERVER.figure("pictures_total") == made, "a seeded request is drawn once")
    anew = post("generate/core", order, **{"cache-control": "no-store"})
    check(anew.content == first.content and SERVER.figure("pictures_total") == made + 1,
          "no-store draws the same bytes anew")
    check(post("generate/core", order | {"seed": 78}).content != first.content, "another seed gives another picture")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        orders = [order | {"seed": 79, "steps": 100}] * 4
        answers = {answer.content for answer in pool.map(post, ["generate/core"] * 4, orders)}
    check(len(answers) == 1 and SERVER.figure("pictures_total") == made + 3, "identical requests at once are one job")
    random = {post("generate/core", order | {"seed": 0}).headers["seed"] for _ in range(3)}
    check(len(random) == 3, "seed 0 is a random one")


def json():
    """Not documented, but sent by tutorials."""
    answer = requests.post(f"{HOST}/v2beta/stable-image/generate/core", headers=KEY, timeout=300, json={
        "prompt": "a boat", "width": 128, "height": 64, "steps": 10, "cfg_scale": 5, "samples": 2, "seed": 9})
    body = answer.json()
    check(answer.status_code == 200 and body["status"] == "success" and len(body["artifacts"]) == 2,
          "JSON is taken too")
    first = body["artifacts"][0]
    check(first["base64"] == first["binary"] == body["image"] and first["type"] == "image"
          and opened(base64.b64decode(first["base64"])).size == (128, 64), "width, height and samples count in it")


with Server() as SERVER:
    HOST = SERVER.url
    generate()
    edit()
    sameness()
    json()
