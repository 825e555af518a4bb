#!/usr/bin/env python3
"""What Stability's REST API answers when something is wrong, status by status, as programs with requests see it."""

import os
import pathlib
import threading
import time

import requests

from pictures import bomb, file, gradient
from server import Server, check

WORK = pathlib.Path(os.environ["WORK"])
V1 = "/v1/generation/stable-diffusion-v1-6"
V2 = "/v2beta/stable-image"
PICTURE = file(gradient(64, 64))
DRAWN = {"prompt": "a boat", "steps": 10, "width": 64, "height": 64}


def refused(response, status, name, text):
    """Checks the documented form of an error, which says what is wrong and where."""
    path, body = "/" + response.url.split("/", 3)[3], response.json()
    problems = body["errors"] if path.startswith("/v2beta") else [body["message"]]
    good = (response.status_code == status and body["name"] == name and len(problems) == 1 and text in problems[0]
            and len(body["id"]) == 32 and response.headers["x-request-id"] == body["id"])
    check(good, f"{path}: {response.status_code} {body['name']}: {problems[0][:100]}")
    return response


class Client:
    def __init__(self, server, key=None):
        self.server, self.headers = server, {"authorization": f"Bearer {key}"} if key else {}

    def get(self, path):
        return requests.get(self.server.url + path, headers=self.headers, timeout=60)

    def form(self, path, data, **files):
        return requests.post(self.server.url + path, headers=self.headers, data=data, files=files or {"none": ""},
                             timeout=60)

    def json(self, path, data, accept="application/json"):
        return requests.post(self.server.url + path, headers=self.headers | {"accept": accept}, json=data, timeout=60)


def fields(client):
    core, text = f"{V2}/generate/core", f"{V1}/text-to-image"
    refused(client.form(core, {}), 400, "bad_request", "prompt: is required")
    refused(client.form(core, {"prompt": "x", "aspect_ratio": "7:5"}), 400, "bad_request", "aspect_ratio: must be one of")
    refused(client.form(core, {"prompt": "x", "seed": "4294967295"}), 400, "bad_request", "seed: must be between")
    refused(client.form(core, {"prompt": "x" * 10001}), 400, "bad_request", "prompt: must be a text")
    refused(client.form(f"{V2}/generate/sd3", {"prompt": "x", "mode": "image-to-image", "strength": 0.5}),
            400, "bad_request", "image: is required")
    refused(client.form(f"{V2}/edit/inpaint", {"prompt": "x"}, image=b"no picture"), 400, "bad_request", "image:")
    refused(client.form(f"{V2}/edit/outpaint", {}, image=PICTURE), 400, "bad_request", "left")
    urlencoded = requests.post(client.server.url + core, data={"prompt": "x"}, timeout=60)
    refused(urlencoded, 400, "bad_request", "content-type: must be multipart/form-data")

    prompts = {"text_prompts": [{"text": "x"}]}
    refused(client.json(text, {}), 400, "bad_request", "text_prompts")
    refused(client.json(text, prompts | {"steps": 9}), 400, "bad_request", "steps: must be between 10 and 150")
    refused(client.json(text, prompts | {"cfg_scale": 36}), 400, "bad_request", "cfg_scale: must be between 0 and 35")
    refused(client.json(text, prompts | {"width": 500}), 400, "invalid_height_or_width", "width: must be a multiple of 64")
    refused(client.json(text.replace("v1-6", "v1-5"), prompts | {"width": 128, "height": 128}),
            400, "invalid_pixel_count", "width times height")
    refused(client.json(text.replace("v1-6", "xl-1024-v1-0"), prompts | {"width": 512, "height": 512}),
            400, "invalid_sdxl_v1_dimensions", "width and height must be one of")
    refused(client.json(text, prompts | {"sampler": "K_NONE"}), 400, "bad_request", "sampler: must be one of")
    refused(client.json(text, prompts | {"samples": 2}, "image/png"), 400, "invalid_samples", "samples: must be 1")
    refused(client.form(f"{V1}/image-to-image", {"text_prompts[0][text]": "x"}), 400, "bad_request",
            "init_image: is required")
    refused(client.form(f"{V1}/image-to-image/masking", {"text_prompts[0][text]": "x", "mask_source": "MASK_IMAGE_WHITE"},
                        init_image=PICTURE, mask_image=file(gradient(32, 64))), 400, "invalid_mask_image", "mask_image: is 32x64")


def places(client):
    refused(client.json("/v1/generation/some-fake-engine/text-to-image", {"text_prompts": [{"text": "x"}]}),
            404, "not_found", "The specified engine (ID some-fake-engine) was not found. Known are built-in")
    refused(client.get("/v2beta/results/" + "0" * 64), 404, "generation_not_found", "either does not exist")
    for path in ["edit/search-and-replace", "edit/search-and-recolor", "edit/remove-background", "control/sketch",
                 "control/structure", "control/style"]:
        refused(client.form(f"{V2}/{path}", {"prompt": "x"}, image=PICTURE), 404, "not_found", "needs a")
    refused(client.form(f"{V2}/generate/cores", {"prompt": "x"}), 404, "not_found", "there is no")
    response = refused(client.get(f"{V2}/generate/core"), 405, "method_not_allowed", "must be POST")
    check(response.headers["allow"] == "POST", "and the method that is allowed")


def sizes(client):
    large = bytes(11 << 20)
    refused(client.form(f"{V2}/edit/inpaint", {"prompt": "x"}, image=large), 413, "payload_too_large",
            "payloads cannot be larger than 10MiB in size")
    refused(client.form(f"{V1}/image-to-image", {"text_prompts[0][text]": "x"}, init_image=large), 413,
            "payload_too_large", "payloads cannot be larger than 10MiB in size")
    before, start = client.server.figure("process_resident_memory_bytes"), time.monotonic()
    small = bomb()
    refused(client.form(f"{V2}/generate/ultra", {"prompt": "x", "strength": 0.5}, image=small), 400, "bad_request",
            "image: a picture of 16000x16000")
    refused(client.form(f"{V2}/edit/inpaint", {"prompt": "x"}, image=PICTURE, mask=small), 400, "bad_request", "mask:")
    refused(client.form(f"{V1}/image-to-image", {"text_prompts[0][text]": "x"}, init_image=small), 400, "bad_request",
            "init_image:")
    grown = client.server.figure("process_resident_memory_bytes") - before
    check(time.monotonic() - start < 5 and grown < 64 << 20, f"picture bombs of {len(small)} bytes cost nothing")


def keys(server):
    for key, text in [(None, "missing authorization header"), ("sk-wrong", "Incorrect API key provided")]:
        client = Client(server, key)
        refused(client.form(f"{V2}/generate/core", DRAWN), 401, "unauthorized", text)
        refused(client.get("/v1/user/balance"), 401, "unauthorized", text)
    for value in ["Bearer sk-right", "sk-right"]:
        response = requests.get(server.url + "/v1/user/balance", headers={"Authorization": value}, timeout=60)
        check(response.status_code == 200, f"'Authorization: {value}' is let in")


def credits(client):
    response = client.form(f"{V2}/generate/core", DRAWN)
    check(response.status_code == 200 and client.get("/v1/user/balance").json() == {"credits": 1}, "a picture costs credits")
    refused(client.form(f"{V2}/generate/core", DRAWN), 402, "payment_required", "it costs 3, and 1 are left")
    for _ in range(5):
        client.json(f"{V1}/text-to-image", {"prompt": "x", "steps": 10, "seed": 1, "width": 320, "height": 320})
    refused(client.json(f"{V1}/text-to-image", {"prompt": "x"}), 429, "insufficient_balance", "it costs 0.2, and 0")


def words(client):
    text = "Your request was flagged by our content moderation system"
    refused(client.form(f"{V2}/generate/core", {"prompt": "a Forbidden, thing"}), 403, "content_moderation", text)
    refused(client.json(f"{V1}/text-to-image", {"text_prompts": [{"text": "forbidden thing"}]}), 400, "invalid_prompts", text)
    check(client.get("/v1/user/balance").json() == {"credits": 4}, "what is refused costs nothing")


def pace(client):
    answers = (client.get("/v1/user/balance") for _ in range(50))
    response = next(one for one in answers if one.status_code != 200)
    refused(response, 429, "rate_limit_exceeded", "You have exceeded the rate limit of 2 requests per second")
    check(int(response.headers["retry-after"]) >= 1, "and when to come again")
    refused(client.form(f"{V2}/generate/core", DRAWN), 429, "rate_limit_exceeded", "You have exceeded the rate limit")
    time.sleep(1)
    check(client.get("/v1/user/balance").status_code == 200, "a second later requests are answered again")


def full(server):
    """One job is at work and one waits, so that no other one may."""
    client = Client(server)
    long = {"prompt": "a boat", "steps": 150, "width": 256, "height": 256}
    others = [threading.Thread(target=client.form, args=(f"{V2}/generate/core", long | {"seed": seed})) for seed in (1, 2)]
    for other, name in zip(others, ["working_jobs", "queue_jobs"]):
        other.start()
        server.until(lambda: server.figure(name) == 1, name)
    response = refused(client.form(f"{V2}/generate/core", DRAWN), 429, "rate_limit_exceeded", "too many jobs are waiting")
    check(int(response.headers["retry-after"]) >= 1, "and when to come again")
    refused(client.json(f"{V1}/text-to-image", {"prompt": "x"}), 429, "rate_limit_exceeded", "too many jobs are waiting")
    for other in others:
        other.join()


key_file, word_file = WORK / "keys", WORK / "words"
key_file.write_text("sk-right\n")
key_file.chmod(0o600)
word_file.write_text("forbidden thing\n")
with Server() as server:
    client = Client(server)
    fields(client)
    places(client)
    sizes(client)
with Server("--api-key-file", str(key_file), "--credits", "4", "--word-filter", str(word_file)) as server:
    keys(server)
    words(Client(server, "sk-right"))
    credits(Client(server, "sk-right"))
with Server("--rate-limit", "2") as server:
    pace(Client(server))
with Server("--queue-length", "1") as server:
    full(server)
