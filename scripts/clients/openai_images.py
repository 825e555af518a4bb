#!/usr/bin/env python3
"""OpenAI's own client, and programs that make pictures through it. Only base URLs are changed."""

import base64
import os
import urllib.request

# Its prices come with it; else it fetches them.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
for silent in ("HAYSTACK_TELEMETRY_ENABLED", "LANGCHAIN_TRACING_V2"):
    os.environ[silent] = "False"

import litellm
import openai
import requests
from griptape.drivers.image_generation.openai import OpenAiImageGenerationDriver
from haystack.components.generators import openai_image_generator
from haystack.utils import Secret
from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper
from PIL import Image

from pictures import box, differ, file, gradient, opened
from server import Server, check

START = gradient(192, 128)
HOLE = (64, 32, 128, 96)
FEW = {"steps": 4}


def decoded(image):
    return opened(base64.b64decode(image.b64_json))


def fetched(url):
    with urllib.request.urlopen(url) as answer:
        return opened(answer.read())


def generate(client):
    answer = client.images.generate(model="gpt-image-1", prompt="a red heart", n=2, size="1792x1024", extra_body=FEW)
    first, second = map(decoded, answer.data)
    check(first.size == second.size == fetched(answer.data[1].url).size and differ(first, second), "n=2")
    check(answer.size == f"{first.width}x{first.height}" and first.width > first.height, f"the shape of a size: {answer.size}")
    answer = client.images.generate(prompt="a red heart", size="64x96", quality="low", output_format="webp",
                                    output_compression=50, response_format="b64_json", extra_body={"seed": 3})
    check(decoded(answer.data[0]).format == "WEBP" and decoded(answer.data[0]).size == (64, 96), "a format and an exact size")
    check(answer.data[0].url is None and answer.quality == "low", "response_format")


def edit(client):
    alpha = box(START.size, HOLE, inside=0, outside=255)
    mask = Image.new("RGBA", START.size)
    mask.putalpha(alpha)
    white = box(START.size, HOLE)
    for image in (file(START), [("in.png", file(START), "image/png")]):
        answer = client.images.edit(image=image, mask=file(mask), prompt="a red heart", model="gpt-image-2", size="1024x1024",
                                    extra_body=FEW)
        found = decoded(answer.data[0])
        check(found.size == START.size and differ(found, START, white) and not differ(found, START, alpha),
              "only what is transparent in the mask changes")
    holed = START.copy()
    holed.putalpha(alpha)
    answer = client.images.edit(image=file(holed), prompt="a red heart", extra_body=FEW)
    check(not differ(decoded(answer.data[0]), START, alpha), "a picture with a hole is its own mask")
    answer = client.images.create_variation(image=file(START), n=2, extra_body=FEW)
    check(len(answer.data) == 2 and decoded(answer.data[0]).size == START.size, "variations")


def stream(client):
    asked = {"prompt": "a red heart", "stream": True, "partial_images": 3, "extra_body": {"steps": 8}}
    for events, name in [
        (client.images.generate(size="128x128", **asked), "image_generation"),
        (client.images.edit(image=file(START), **asked), "image_edit"),
    ]:
        events = list(events)
        check([event.type for event in events] == [f"{name}.partial_image"] * 3 + [f"{name}.completed"], f"events of {name}")
        check([event.partial_image_index for event in events[:3]] == [0, 1, 2], "partial images are counted")
        check(len({decoded(event).size for event in events}) == 1, "partial images have the picture's size")
        check(events[3].usage.total_tokens == 0, "usage")


def leave(server, client):
    with client.images.generate(prompt="a red heart", size="512x512", stream=True, partial_images=1,
                                extra_body={"steps": 150}) as events:
        next(iter(events))
    server.until(lambda: server.figure("working_jobs") == 0, "a stream that is left ends its job", 20)


def refusals(client):
    for wrong, parameter in [({"n": 11}, "n"), ({"size": "100x100"}, "size"), ({"background": "transparent"}, "background")]:
        try:
            client.images.generate(prompt="a red heart", **wrong)
            check(False, f"{wrong} is refused")
        except openai.BadRequestError as error:
            check(error.param == parameter and error.type == "invalid_request_error", f"{error.body['message'][:60]}…")
    try:
        client.models.retrieve("none")
        check(False, "an unknown model is not found")
    except openai.NotFoundError as error:
        check(error.code == "model_not_found", "an unknown model is not found")


def try_again(server):
    """A client that gives up after two seconds, and asks again, gets what its first try began."""
    warm = openai.OpenAI(base_url=f"{server.url}/v1", api_key="any")
    warm.images.generate(prompt="a red heart", size="320x320", extra_body={"steps": 1})
    before = server.figure("batches_total")
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", timeout=2, max_retries=20)
    answer = client.images.generate(prompt="a red heart", size="320x320", extra_body={"steps": 150})
    check(decoded(answer.data[0]).size == (320, 320), "a client that gives up and tries again gets its picture")
    check(server.figure("batches_total") - before == 1, "it was drawn once")


def others(base):
    made = openai_image_generator.OpenAIImageGenerator(
        api_key=Secret.from_token("any"), api_base_url=base).run(prompt="a red heart", size="1024x1024")
    check("images" in made, "haystack")
    picture = OpenAiImageGenerationDriver(model="gpt-image-1", api_key="any", base_url=base).run_text_to_image(["a red heart"])
    check(opened(picture.value).format == "PNG", "griptape")
    url = DallEAPIWrapper(model="dall-e-3", api_key="any", base_url=base).run("a red heart")
    check(fetched(url).format == "PNG", f"langchain: {url}")
    litellm.suppress_debug_info = True
    answer = litellm.image_generation(model="openai/built-in", prompt="a red heart", api_base=base, api_key="any")
    check(decoded(answer.data[0]).format == "PNG", "litellm")


def open_webui(base):
    """What Open WebUI 0.12 sends: it takes url before b64_json, and gets it with its key."""
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json", "X-OpenWebUI-User-Name": "me"}

    def shown(response):
        check(response.status_code == 200, "Open WebUI: an answer")
        item = response.json()["data"][0]
        if url := item.get("url"):
            return opened(requests.get(url, headers={"Authorization": headers["Authorization"]}).content)
        return opened(base64.b64decode(item["b64_json"]))

    body = {"model": "gpt-image-1", "prompt": "a red heart", "n": 1, "size": "128x128"}
    for more in ({}, {"response_format": "b64_json"}):
        found = shown(requests.post(f"{base}/images/generations?api-version=2025-04-01", json=body | more, headers=headers))
        check(found.size == (128, 128), f"Open WebUI: generations with {list(more) or 'neither format'}")
    form = {"model": "gpt-image-1", "prompt": "a blue heart", "n": "1", "size": "auto", "background": "auto"}
    for name in ("image", "image[]"):
        found = shown(requests.post(f"{base}/images/edits", data=form, headers={"Authorization": headers["Authorization"]},
                                    files=[(name, ("image.png", file(START), "image/png"))]))
        check(found.size == START.size, f"Open WebUI: edits with {name}")


with Server() as server:
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0)
    names = [model.id for model in client.models.list()]
    check("dall-e-3" in names and client.models.retrieve(names[0]).id == names[0], "models are listed")
    generate(client)
    edit(client)
    stream(client)
    leave(server, client)
    refusals(client)
    try_again(server)
    others(f"{server.url}/v1")
    open_webui(f"{server.url}/v1")
