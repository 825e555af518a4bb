#!/usr/bin/env python3
"""ModelsLab's own client with its base URL changed, its tutorial's requests, and servers that ours reaches out to."""

import base64
import http.server
import io
import json
import threading
import time

import requests
from modelslab_py.core.apis.community import Community
from modelslab_py.core.client import Client
from modelslab_py.schemas.community import Image2Image, Inpainting, Text2Image
from PIL import Image

from pictures import box, differ, file, gradient, opened
from server import Server, check

START = gradient(128, 96)


class Neighbour(http.server.BaseHTTPRequestHandler):
    """A server with a picture and some that are none, which is told when jobs end."""

    told = []
    files = {"/start.png": file(START), "/page.png": b"<html>", "/large.png": bytes(11 << 20)}

    def do_GET(self):
        if self.path == "/moved.png":
            self.send_response(302)
            self.send_header("Location", "/start.png")
            return self.end_headers()
        body = self.files.get(self.path)
        self.send_response(200 if body else 404)
        self.end_headers()
        try:
            self.wfile.write(body or b"")
        except OSError:
            pass

    def do_POST(self):
        self.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        # Once, it is too busy.
        self.send_response(503 if len(self.told) == 1 else 200)
        self.end_headers()

    def log_message(self, *words):
        pass


def fetched(url):
    return opened(requests.get(url, timeout=60).content)


def official(server):
    client = Client("any")
    client.base_url = f"{server.url}/api/"
    api = Community(client=client)
    answer = api.text_to_image(Text2Image(prompt="a red heart", model_id="sdxl", width=128, height=96, samples=2, seed=7,
                                          num_inference_steps=4))
    check(answer["status"] == "success" and fetched(answer["output"][1]).size == (128, 96), "modelslab-py: text_to_image")
    check(answer["meta"]["seed"] == 7, "meta")
    again = api.fetch(str(answer["id"]))
    check(again["output"] == answer["output"], "modelslab-py: fetch")
    image = "data:image/png;base64," + base64.b64encode(file(START)).decode()
    answer = api.image_to_image(Image2Image(prompt="a red heart", init_image=answer["output"][0], strength=0.5,
                                            num_inference_steps=4))
    check(fetched(answer["output"][0]).size == (128, 96), "modelslab-py: image_to_image by the link of a result")
    hole = (32, 32, 96, 64)
    mask = "data:image/png;base64," + base64.b64encode(file(box(START.size, hole))).decode()
    answer = api.inpainting(Inpainting(prompt="a red heart", init_image=image, mask_image=mask, num_inference_steps=4))
    found = fetched(answer["output"][0])
    check(differ(found, START, box(START.size, hole)) and not differ(found, START, box(START.size, hole, 0, 255)),
          "modelslab-py: inpainting")
    try:
        api.text_to_image(Text2Image(prompt="a red heart", lora_model="more_details"))
        check(False, "a LoRA is refused")
    except Exception as error:
        check("lora_model must be empty" in str(error), "a LoRA is refused by name")


def tutorial(url):
    """A picture of a prompt, and a picture of that one, as the published tutorial asks for them."""
    def generate(path, payload):
        response = requests.post(f"{url}/api/v6/images/{path}", headers={"Content-Type": "application/json"},
                                 data=json.dumps({"key": "any", "model_id": "realistic-vision-v51", "samples": "1"} | payload))
        result = response.json()
        if result["status"] == "success":
            return result["output"][0]
        if result["status"] == "processing":
            return Image.open(io.BytesIO(requests.get(result["fetch_result"]).content))

    first = generate("text2img", {"prompt": "a red heart", "negative_prompt": "blurry", "width": "128", "height": "128",
                                  "num_inference_steps": "4", "guidance_scale": 7.5, "seed": None, "scheduler":
                                  "UniPCMultistepScheduler", "safety_checker": "no"})
    if isinstance(first, Image.Image):
        check(first.size == (128, 128), "GET of fetch_result waits for the picture")
        return
    second = generate("img2img", {"prompt": "a blue heart", "init_image": first, "strength": "0.7", "num_inference_steps": 4})
    check(fetched(second).size == (128, 128), "the tutorial's text2img and img2img")


def neighbours(server, port):
    def start(address):
        answer = requests.post(f"{server.url}/api/v6/images/img2img", json={
            "prompt": "a red heart", "init_image": address, "num_inference_steps": 2, "base64": "yes", "track_id": "t1",
            "webhook": f"http://localhost:{port}/told"}).json()
        while answer["status"] == "processing":
            time.sleep(0.1)
            answer = requests.post(f"{server.url}/api/v6/images/fetch/{answer['id']}", json={"key": "any"}).json()
        return answer

    answer = start(f"http://localhost:{port}/start.png")
    check(opened(base64.b64decode(answer["output"][0])).size == START.size, "a picture of a --fetch-host, and base64")
    server.until(lambda: len(Neighbour.told) == 2, "a webhook is told again when it was busy", 20)
    check(Neighbour.told[1]["id"] == answer["id"] and Neighbour.told[1]["track_id"] == "t1", "a webhook is told the result")
    for address, reason in [
        (f"http://localhost:{port}/page.png", "is no PNG, JPEG or WebP picture"),
        (f"http://localhost:{port}/none.png", "answers with status 404"),
        (f"http://localhost:{port}/moved.png", "redirections are not followed"),
        (f"http://localhost:{port}/large.png", "has more than 10 MiB"),
        (f"https://127.0.0.1:{port}/start.png", "which is no public address"),
        (f"http://127.0.0.1:{port}/start.png", "must be an address with https"),
    ]:
        message = start(address)["message"]
        check(message.startswith("init_image") and reason in message, f"{reason}")


with Server() as server:
    official(server)
    tutorial(server.url)
neighbour = http.server.ThreadingHTTPServer(("localhost", 0), Neighbour)
threading.Thread(target=neighbour.serve_forever, daemon=True).start()
port = neighbour.server_address[1]
with Server("--hold-time", "0", "--fetch-host", "localhost", "--webhook-host", "localhost") as server:
    tutorial(server.url)
    neighbours(server, port)
