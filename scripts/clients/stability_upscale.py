#!/usr/bin/env python3
"""Stability's upscalers that draw anew: the one that is waited for, and the one whose result is asked for."""

import time

import requests

from pictures import file, gradient, opened
from server import Server, check

KEY = {"authorization": "Bearer sk-anything"}
PIXELS = 4_194_304


def creative():
    response = requests.post(f"{HOST}/v2beta/stable-image/upscale/creative", headers=KEY | {"accept": "application/json"},
                             files={"image": file(gradient(256, 256))}, timeout=60,
                             data={"prompt": "a red heart", "output_format": "webp", "seed": 4})
    name = response.json()["id"]
    check(response.status_code == 200 and len(name) == 64, "creative gives the id of a result")
    for path in [f"/v2beta/results/{name}", f"/v2beta/stable-image/upscale/creative/result/{name}"]:
        response = requests.get(HOST + path, headers=KEY | {"accept": "image/*"}, timeout=60)
        check(response.status_code == 202 and response.json() == {"id": name, "status": "in-progress"},
              "which is in progress")
    start = time.monotonic()
    while response.status_code == 202:
        time.sleep(0.5)
        response = requests.get(f"{HOST}/v2beta/results/{name}", headers=KEY | {"accept": "image/*"}, timeout=60)
    picture = opened(response.content)
    check(response.status_code == 200 and picture.format == "WEBP" and near(picture),
          f"and after {time.monotonic() - start:.0f} s a picture of four megapixels")
    again = requests.get(f"{HOST}/v2beta/results/{name}", headers=KEY | {"accept": "application/json"}, timeout=60)
    check(again.json()["finish_reason"] == "SUCCESS" and again.json()["seed"] == 4, "which is kept")


def conservative():
    response = requests.post(f"{HOST}/v2beta/stable-image/upscale/conservative", headers=KEY | {"accept": "image/*"},
                             files={"image": file(gradient(320, 200))}, timeout=500,
                             data={"prompt": "a red heart", "output_format": "jpeg"})
    picture = opened(response.content)
    check(response.status_code == 200 and near(picture) and abs(picture.width / picture.height - 1.6) < 0.02,
          "conservative gives four megapixels of the same shape")


def near(picture):
    return 0.97 * PIXELS < picture.width * picture.height <= PIXELS


with Server() as server:
    HOST = server.url
    creative()
    conservative()
