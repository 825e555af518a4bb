#!/usr/bin/env python3
"""Stability's REST API, version 1, as programs with requests use it: only the host is changed."""

import base64

import requests

from pictures import box, differ, file, gradient, opened
from server import Server, check

KEY = {"Authorization": "Bearer sk-anything"}
ENGINE = "stable-diffusion-v1-6"
START = gradient(256, 192)
HOLE = (64, 64, 160, 128)


def answer(response):
    if response.status_code != 200:
        raise SystemExit(f"{response.url}: {response.status_code} {response.text}")
    return response


def artifacts(response):
    """The pictures of a JSON answer."""
    found = answer(response).json()["artifacts"]
    check(all(one["finishReason"] == "SUCCESS" and type(one["seed"]) is int for one in found), "artifacts tell their seed")
    return [opened(base64.b64decode(one["base64"])) for one in found]


def text_to_image():
    address = f"{HOST}/v1/generation/{ENGINE}/text-to-image"
    json = {"text_prompts": [{"text": "a lighthouse above the sea"}], "cfg_scale": 7, "height": 320, "width": 384,
            "samples": 1, "steps": 30}
    headers = KEY | {"Content-Type": "application/json", "Accept": "application/json"}
    found = artifacts(requests.post(address, headers=headers, json=json, timeout=300))
    check([picture.size for picture in found] == [(384, 320)], "text-to-image gives the size that is asked for")

    json |= {"text_prompts": [{"text": "a red heart", "weight": 1}, {"text": "blue", "weight": -0.5}], "height": 320,
             "width": 320, "samples": 2, "steps": 10, "sampler": "K_EULER", "style_preset": "line-art", "seed": 4}
    found = artifacts(requests.post(address, headers=KEY, json=json, timeout=300))
    check(len(found) == 2 and differ(*found), "two samples are two pictures")

    response = answer(requests.post(address, headers=KEY | {"Accept": "image/png"}, json=json | {"samples": 1}, timeout=300))
    check(response.headers["content-type"] == "image/png" and response.headers["Seed"] == "4"
          and response.headers["Finish-Reason"] == "SUCCESS", "a PNG file comes where that is asked for")
    check(not differ(opened(response.content), found[0]), "it is the first of the two")

    json = {"prompt": "a boat", "negative_prompt": "clouds", "sampler": "DPM++ 2M Karras", "seed": -1, "steps": 10,
            "samplr": "K_LMS"}
    response = answer(requests.post(address, headers=KEY, json=json, timeout=300))
    check(response.headers["x-darkroom-ignored"] == "samplr", "names of tutorials are taken, and misspelt ones told")


def image_to_image():
    address = f"{HOST}/v1/generation/{ENGINE}/image-to-image"
    data = {"image_strength": 0.35, "init_image_mode": "IMAGE_STRENGTH", "text_prompts[0][text]": "a red heart",
            "text_prompts[0][weight]": 1, "cfg_scale": 7, "samples": 1, "steps": 30}
    found = artifacts(requests.post(address, headers=KEY | {"Accept": "application/json"}, data=data,
                                    files={"init_image": file(START)}, timeout=300))
    check(found[0].size == START.size and differ(found[0], START), "image-to-image draws from a picture")

    inside, outside = box(START.size, HOLE), box(START.size, HOLE, 0, 255)
    cut = START.copy()
    cut.putalpha(outside)
    for source, files in [
        ("MASK_IMAGE_WHITE", {"init_image": file(START), "mask_image": file(inside)}),
        ("MASK_IMAGE_BLACK", {"init_image": file(START), "mask_image": file(outside)}),
        ("INIT_IMAGE_ALPHA", {"init_image": file(cut)}),
    ]:
        data = {"mask_source": source, "text_prompts[0][text]": "a red heart", "steps": 10, "seed": 3}
        found = artifacts(requests.post(f"{address}/masking", headers=KEY, data=data, files=files, timeout=300))
        check(not differ(found[0], START, outside) and differ(found[0], START, inside),
              f"{source}: no pixel outside of the mask is changed")


def upscale():
    address = f"{HOST}/v1/generation/esrgan-v1-x2plus/image-to-image/upscale"
    response = answer(requests.post(address, headers=KEY | {"Accept": "image/png"}, data={"width": 512},
                                    files={"image": file(START)}, timeout=300))
    check(opened(response.content).size == (512, 384), "upscale gives the width that is asked for")
    found = artifacts(requests.post(address, headers=KEY, files={"image": file(gradient(64, 48))}, timeout=300))
    check(found[0].size == (128, 96), "and twice the size by itself")


def account():
    engines = answer(requests.get(f"{HOST}/v1/engines/list", headers=KEY, timeout=60)).json()
    check([engine["id"] for engine in engines] == ["built-in"] and engines[0]["type"] == "PICTURE"
          and ENGINE in engines[0]["description"], "engines/list has the model, and what stands for it")
    user = answer(requests.get(f"{HOST}/v1/user/account", headers=KEY, timeout=60)).json()
    check(user["email"] and user["organizations"][0]["is_default"], "there is an account")
    check(answer(requests.get(f"{HOST}/v1/user/balance", headers=KEY, timeout=60)).json()["credits"] > 0,
          "it has a balance")


def addresses():
    """Base URLs as users type them, with what clients add."""
    for base in ["", "/", "//", "/v1", "/v1/", "/v1//"]:
        answer(requests.get(f"{HOST}{base}/v1/engines/list", timeout=60))
        answer(requests.get(f"{HOST}{base}/v1/engines/list/", timeout=60))
        response = requests.post(f"{HOST}{base}/v2beta/stable-image/generate/core", files={"none": ""}, timeout=60)
        check(response.json().get("errors") == ["prompt: is required"], f"a base URL may end with '{base}'")
    answer(requests.get(f"{HOST}/v1/engines//list?unread=1", timeout=60))
    answer(requests.get(f"http://localhost:{SERVER.port}/v1/engines/list", timeout=60))


with Server() as SERVER:
    HOST = SERVER.url
    text_to_image()
    image_to_image()
    upscale()
    account()
    addresses()
