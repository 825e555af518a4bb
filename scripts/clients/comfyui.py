#!/usr/bin/env python3
"""ComfyUI's API, as comfy-api-simplified and three front ends use it: only the host is changed."""

import asyncio
import json
import os
import ssl
import subprocess
import threading
import time
import uuid

import requests
import websockets
from comfy_api_simplified import ComfyApiWrapper, ComfyWorkflowWrapper

from pictures import box, differ, file, gradient, opened
from server import Server, check

SIZE = 128


def node(kind, title=None, **inputs):
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title or kind}}


def plain(seed=1, model="built-in", steps=4):
    """The graph that nearly all clients send."""
    return {
        "3": node("KSampler", seed=seed, steps=steps, cfg=8, sampler_name="euler", scheduler="normal", denoise=1,
                  model=["4", 0], positive=["6", 0], negative=["7", 0], latent_image=["5", 0]),
        "4": node("CheckpointLoaderSimple", "Load Checkpoint", ckpt_name=model),
        "5": node("EmptyLatentImage", "Empty Latent Image", width=SIZE, height=SIZE, batch_size=1),
        "6": node("CLIPTextEncode", "Prompt", text="a red heart", clip=["4", 1]),
        "7": node("CLIPTextEncode", "Negative Prompt", text="", clip=["4", 1]),
        "8": node("VAEDecode", "VAE Decode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", "Save Image", filename_prefix="ComfyUI", images=["8", 0]),
    }


def from_picture(graph, name, denoise=0.6):
    """The same graph with a picture that was sent."""
    graph |= {"10": node("LoadImage", "Load Image", image=name),
              "11": node("VAEEncode", pixels=["10", 0], vae=["4", 2])}
    graph["3"]["inputs"] |= {"latent_image": ["11", 0], "denoise": denoise}
    return graph


def comfy_api_simplified():
    api = ComfyApiWrapper(SERVER.url)
    workflow = ComfyWorkflowWrapper(plain())
    workflow.set_node_param("Prompt", "text", "a blue boat")
    workflow.set_node_param("KSampler", "seed", 2**64 - 1)
    workflow.set_node_param("Empty Latent Image", "batch_size", 2)
    found = api.queue_and_wait_images(workflow, "Save Image")
    pictures = [opened(content) for content in found.values()]
    check([picture.size for picture in pictures] == [(SIZE, SIZE)] * 2 and differ(*pictures),
          "comfy-api-simplified gets two pictures")
    check(list(found) == ["ComfyUI_00001_.png", "ComfyUI_00002_.png"], "they have ComfyUI's names")
    again = api.queue_and_wait_images(workflow, "Save Image")
    check(again == found, "an identical prompt is answered with the same files")

    path = f"{WORK}/start.png"
    gradient(SIZE, SIZE).save(path)
    sent = api.upload_image(path)
    check(sent == {"name": "start.png", "subfolder": "default_upload_folder", "type": "input"}, "a picture is sent")
    workflow = ComfyWorkflowWrapper(from_picture(plain(), f"{sent['subfolder']}/{sent['name']}"))
    found = list(api.queue_and_wait_images(workflow, "Save Image").values())
    check(opened(found[0]).size == (SIZE, SIZE) and differ(opened(found[0]), gradient(SIZE, SIZE)), "and drawn from")
    check(api.get_queue() == {"queue_running": [], "queue_pending": []}, "the queue is empty")
    check("KSampler" in api.get_object_info() and list(api.get_object_info("KSampler")) == ["KSampler"],
          "nodes are described")
    check(api.get_embeddings() == [] and api.get_system_stats()["devices"][0]["vram_total"] > 0, "and the machine")
    api.interrupt()


def upscaled():
    graph = plain(seed=3)
    graph |= {"20": node("UpscaleModelLoader", model_name="animevideov3"),
              "21": node("ImageUpscaleWithModel", upscale_model=["20", 0], image=["8", 0])}
    graph["9"]["inputs"]["images"] = ["21", 0]
    found = ComfyApiWrapper(SERVER.url).queue_and_wait_images(ComfyWorkflowWrapper(graph), "Save Image")
    check(opened(list(found.values())[0]).size == (4 * SIZE, 4 * SIZE), "ImageUpscaleWithModel enlarges")


async def messages(graph, more=None, address=None, certificate=None):
    """Open WebUI's way: the socket first, the prompt second; until its node is none."""
    client = str(uuid.uuid4())
    address = address or SERVER.url
    context = certificate and ssl.create_default_context(cafile=certificate)
    found = []
    async with websockets.connect(f"{address.replace('http', 'ws', 1)}/ws?clientId={client}", ssl=context,
                                  additional_headers={"Authorization": "Bearer "}) as socket:
        body = {"prompt": graph, "client_id": client} | (more or {})
        prompt = (await asyncio.to_thread(requests.post, f"{address}/prompt", json=body, timeout=60,
                                          verify=certificate)).json()["prompt_id"]
        async for message in socket:
            found.append(message if isinstance(message, bytes) else json.loads(message))
            if isinstance(message, str) and found[-1]["type"] == "executing" \
                    and found[-1]["data"]["node"] is None and found[-1]["data"]["prompt_id"] == prompt:
                return prompt, found
    raise SystemExit("failed: the socket ended before the prompt")


def open_webui():
    """Its default graph with the fields that its settings name, some as texts."""
    graph = plain(seed=4, steps="5")
    graph["6"]["inputs"]["text"], graph["5"]["inputs"]["width"] = "a castle", str(SIZE)
    models = requests.get(f"{SERVER.url}/object_info", timeout=60).json()
    graph["4"]["inputs"]["ckpt_name"] = models["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0][0]
    prompt, found = asyncio.run(messages(graph))
    kinds = [message["type"] for message in found]
    check(kinds[0] == "status" and found[0]["data"]["sid"], "the socket's first message is its status")
    order = [kind for kind in kinds if kind.startswith("exec") and kind != "executing"]
    check(order == ["execution_start", "execution_cached", "executed", "execution_success"], "messages come in order")
    nodes = [message["data"]["node"] for message in found if message["type"] == "executing"]
    check(sorted(nodes[:-1]) == ["3", "4", "5", "6", "7", "8", "9"] and nodes[-2:] == ["9", None], "every node is told")
    steps = [(message["data"]["value"], message["data"]["max"]) for message in found if message["type"] == "progress"]
    check(steps and steps[-1] == (5, 5) and steps == sorted(steps), "so is every step")
    history = requests.get(f"{SERVER.url}/history/{prompt}", timeout=60).json()[prompt]
    image = history["outputs"]["9"]["images"][0]
    picture = requests.get(f"{SERVER.url}/view", params=image | {"type": image["type"]}, timeout=60)
    check(opened(picture.content).size == (SIZE, SIZE), "Open WebUI's calls give a picture")

    files = {"image": ("in.png", file(gradient(SIZE, SIZE)), "image/png")}
    sent = requests.post(f"{SERVER.url}/api/upload/image", files=files, data={"type": "input"}, timeout=60).json()
    graph = from_picture(plain(seed=5), sent["name"])
    prompt, found = asyncio.run(messages(graph, {"extra_data": {"preview_method": "auto"}}))
    previews = [message for message in found if isinstance(message, bytes)]
    check(previews and all(preview[:8] == bytes([0, 0, 0, 1, 0, 0, 0, 2]) for preview in previews)
          and opened(previews[0][8:]).width == SIZE // 8, "its edits too, with previews for who asks for them")


def silly_tavern():
    """Lists from /object_info, the graph as text, and /history until the prompt is there."""
    stats = requests.get(f"{SERVER.url}/system_stats", timeout=60)
    info = requests.get(f"{SERVER.url}/object_info", timeout=60).json()
    lists = [info["KSampler"]["input"]["required"]["sampler_name"][0], info["KSampler"]["input"]["required"]["scheduler"][0],
             info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0],
             info["VAELoader"]["input"]["required"]["vae_name"][0]]
    check(stats.ok and all(lists), "SillyTavern fills its lists")
    body = json.dumps({"prompt": plain(seed=6) | {"9": node("PreviewImage", images=["8", 0])}})
    prompt = requests.post(f"{SERVER.url}/prompt", data=body, timeout=60).json()["prompt_id"]
    limit = time.monotonic() + 60
    while prompt not in (history := requests.get(f"{SERVER.url}/history", timeout=60).json()):
        check(time.monotonic() < limit, "the prompt ends") if time.monotonic() > limit else time.sleep(0.1)
    check(history[prompt]["status"]["status_str"] == "success", "its prompt ends")
    image = list(history[prompt]["outputs"].values())[0]["images"][0]
    check(image["type"] == "temp", "previews are kept apart")
    picture = requests.get(f"{SERVER.url}/view?filename={image['filename']}&subfolder=&type=temp", timeout=60)
    check(opened(picture.content).size == (SIZE, SIZE), "and its picture is viewed")


def lobe_chat():
    """The SDK's first questions, and LobeChat's own graph for Stable Diffusion, whose ids differ."""
    check(requests.get(f"{SERVER.url}/prompt", timeout=60).json() == {"exec_info": {"queue_remaining": 0}}, "the SDK's ping")
    check(requests.get(f"{SERVER.url}/extensions", timeout=60).json() == [], "there are no extensions")
    one = requests.get(f"{SERVER.url}/object_info/CheckpointLoaderSimple", timeout=60).json()
    model = one["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0][0]
    graph = {
        "1": node("CheckpointLoaderSimple", "Load Checkpoint", ckpt_name=model),
        "2": node("CLIPTextEncode", "Positive Prompt", text="a lighthouse", clip=["1", 1]),
        "3": node("CLIPTextEncode", "Negative Prompt", text="worst quality", clip=["1", 1]),
        "4": node("EmptyLatentImage", "Empty Latent", width=SIZE, height=SIZE, batch_size=1),
        "5": node("KSampler", seed=987654321012, steps=4, cfg=7.5, sampler_name="euler", scheduler="karras", denoise=1,
                  model=["1", 0], positive=["2", 0], negative=["3", 0], latent_image=["4", 0]),
        "6": node("VAEDecode", "VAE Decode", samples=["5", 0], vae=["1", 2]),
        "7": node("SaveImage", "Save Image", filename_prefix="LobeChat/%year%/SimpleSD", images=["6", 0]),
    }
    _, found = asyncio.run(messages(graph))
    done = [message for message in found if message["type"] == "executed"]
    image = done[0]["data"]["output"]["images"][0]
    check(done[0]["data"]["node"] == "7" and image["subfolder"] == time.strftime("LobeChat/%Y"), "LobeChat's graph is drawn")
    picture = requests.get(f"{SERVER.url}/view", params=image, timeout=60)
    check(opened(picture.content).size == (SIZE, SIZE), "and its picture is viewed")


def inpainted():
    hole = (32, 32, 96, 96)
    start = gradient(SIZE, SIZE)
    start.putalpha(box(start.size, hole, 0, 255))
    sent = requests.post(f"{SERVER.url}/upload/image", files={"image": ("hole.png", file(start))}, timeout=60).json()
    graph = from_picture(plain(seed=8), sent["name"], denoise=1)
    graph["12"] = node("SetLatentNoiseMask", samples=["11", 0], mask=["10", 1])
    graph["3"]["inputs"]["latent_image"] = ["12", 0]
    found = ComfyApiWrapper(SERVER.url).queue_and_wait_images(ComfyWorkflowWrapper(graph), "Save Image")
    check(opened(list(found.values())[0]).size == (SIZE, SIZE), "a mask of what is transparent is drawn in")


def refused():
    graph = plain() | {"20": node("FluxGuidance", guidance=3, conditioning=["6", 0])}
    answer = requests.post(f"{SERVER.url}/prompt", json={"prompt": graph}, timeout=60)
    check(answer.status_code == 400 and answer.json()["error"]["type"] == "missing_node_type"
          and "FluxGuidance" in answer.json()["error"]["message"], "a node that is not served is named")
    answer = requests.post(f"{SERVER.url}/prompt", json={"prompt": plain(steps=0)}, timeout=60).json()
    check(answer["node_errors"]["3"]["errors"][0]["type"] == "value_smaller_than_min", "so is what is wrong with one")
    for origin, status in [("https://evil.example", 403), ("http://localhost:3000", 101)]:
        check(handshake(origin) == status, f"a page of {origin} gets {status} for a WebSocket")


def handshake(origin):
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": origin}
    with requests.get(f"{SERVER.url}/ws", headers=headers, stream=True, timeout=60) as answer:
        return answer.status_code


def interrupted():
    graph = plain(seed=9, steps=150)
    graph["5"]["inputs"] |= {"width": 512, "height": 512}

    def stop():
        SERVER.until(lambda: requests.get(f"{SERVER.url}/queue", timeout=60).json()["queue_running"], "the prompt runs")
        requests.post(f"{SERVER.url}/interrupt", timeout=60)

    thread = threading.Thread(target=stop)
    thread.start()
    _, found = asyncio.run(messages(graph))
    thread.join()
    check("execution_interrupted" in [message["type"] for message in found], "a prompt is interrupted")


def encrypted():
    """The same through TLS, and the socket ends with the server."""
    certificate, key = f"{WORK}/certificate.pem", f"{WORK}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key,
                    "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    with Server("--tls-certificate", certificate, "--tls-key", key) as server:
        address = f"https://localhost:{server.port}"
        _, found = asyncio.run(messages(plain(seed=10), address=address, certificate=certificate))
        check(found[-1]["data"]["node"] is None, "WebSockets work through TLS")
        check(asyncio.run(last_code(server, address, certificate)) == 1001, "they end with the server")
        check(server.process.wait(timeout=60) == 0, "which ends with status 0")


async def last_code(server, address, certificate):
    """What the server closes a socket with when it is told to end."""
    context = ssl.create_default_context(cafile=certificate)
    async with websockets.connect(f"{address.replace('http', 'ws', 1)}/ws", ssl=context) as socket:
        await socket.recv()
        server.signal()
        try:
            while True:
                await socket.recv()
        except websockets.ConnectionClosed as end:
            return end.rcvd.code


WORK = os.environ["WORK"]
with Server() as SERVER:
    comfy_api_simplified()
    upscaled()
    open_webui()
    silly_tavern()
    lobe_chat()
    inpainted()
    refused()
    interrupted()
encrypted()
