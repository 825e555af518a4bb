#!/usr/bin/env python3
"""What front ends of AUTOMATIC1111's web UI send, call by call: Open WebUI, SillyTavern, StableStudio's web UI plug-in, the
Auto-Photoshop plug-in and LibreChat. They are programs with windows, so that their calls are repeated here."""

import base64
import io
import json
import threading

import requests
from PIL import PngImagePlugin

from pictures import box, differ, file, gradient, opened
from server import Server, check

START = gradient(128, 128)
STUDIO = "http://studio.example"


class Front:
    """A front end: its name, and the headers of all of its calls."""

    def __init__(self, name, **headers):
        self.name, self.headers = name, {key.replace("_", "-"): value for key, value in headers.items()}

    def call(self, method, path, **body):
        response = requests.request(method, SERVER.url + path, headers=self.headers, timeout=120, **body)
        if response.status_code != 200:
            raise SystemExit(f"failed: {self.name}: {path}: {response.status_code} {response.text[:500]}")
        return response.json()

    def get(self, name):
        return self.call("GET", f"/sdapi/v1/{name}")

    def post(self, name, body=None):
        return self.call("POST", f"/sdapi/v1/{name}", json=body)

    def drawn(self, name, body, size=(128, 128)):
        """The first picture of an answer, which also has info and parameters."""
        answer = self.post(name, body)
        picture = opened(base64.b64decode(answer["images"][0]))
        check(picture.size == size and json.loads(answer["info"])["infotexts"] and answer["parameters"],
              f"{self.name}: {name} gives a picture of {size[0]}x{size[1]}")
        return picture


def text(picture):
    return base64.b64encode(file(picture)).decode()


def open_webui():
    front = Front("Open WebUI", authorization="", content_type="application/json")
    options = front.get("options")
    models = front.get("sd-models")
    check(options["sd_model_checkpoint"] in [model["title"] for model in models], "Open WebUI finds its model in the list")
    check(front.post("options", options | {"sd_model_checkpoint": models[0]["title"]}) is None, "it posts all options back")
    check(front.get("options") == options, "which changes nothing")
    front.drawn("txt2img", {"prompt": "a lighthouse", "batch_size": 1, "width": 128, "height": 128, "steps": 4,
                            "negative_prompt": "fog", "sampler_name": "DPM++ 2M", "scheduler": "Karras", "cfg_scale": 7.0})


def silly_tavern():
    front = Front("SillyTavern", Authorization="Basic Og==", Content_Type="application/json", Accept="*/*",
                  User_Agent="node-fetch")
    front.get("options")
    upscalers = [row["name"] for row in front.get("upscalers")] + [row["name"] for row in front.get("latent-upscale-modes")]
    vaes = [row["model_name"] for row in front.get("sd-vae")]
    check("Latent" in upscalers and vaes == [], "SillyTavern gets upscalers, and no VAE")
    samplers = [row["name"] for row in front.get("samplers")]
    schedulers = [row["name"] for row in front.get("schedulers")]
    model = front.get("sd-models")[0]["title"]
    front.post("options", {"sd_model_checkpoint": model})
    progress = front.get("progress")
    check(progress["progress"] == 0 and progress["state"]["job_count"] == 0, "and sees that nothing is at work")
    body = {"prompt": "a portrait", "negative_prompt": "blurry", "sampler_name": samplers[0], "scheduler": schedulers[0],
            "steps": 4, "cfg_scale": 7, "width": 128, "height": 128, "restore_faces": False, "enable_hr": False,
            "hr_upscaler": "Latent", "hr_scale": 2, "denoising_strength": 0.7, "hr_second_pass_steps": 0, "seed": None,
            "override_settings": {"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic"}, "send_images": True,
            "override_settings_restore_afterwards": True, "clip_skip": 1, "save_images": True, "do_not_save_grid": False,
            "do_not_save_samples": False, "url": "http://user:hidden@localhost:7860", "auth": "user:hidden"}
    front.drawn("txt2img", body)
    front.drawn("txt2img", body | {"enable_hr": True, "width": 64, "height": 64, "seed": -1})
    answers = []
    thread = threading.Thread(target=lambda: answers.append(front.post("txt2img", body | {"steps": 150, "width": 512})))
    thread.start()
    SERVER.until(lambda: front.get("progress")["state"]["sampling_step"] > 0, "it is at work")
    front.post("interrupt")
    thread.join()
    check(answers[0]["images"] == [], "its request ends when it is cancelled")


def stable_studio():
    front = Front("StableStudio", Origin=STUDIO, Content_Type="application/json")
    preflight = requests.options(f"{SERVER.url}/sdapi/v1/txt2img", timeout=60, headers={
        "Origin": STUDIO, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"})
    check(preflight.status_code == 204 and preflight.headers["access-control-allow-origin"] == STUDIO,
          "StableStudio's page may send requests")
    front.get("options")
    front.get("sd-models")
    sampler = front.get("samplers")[0]["name"]
    body = {"seed": -1, "prompt": "a boat", "negative_prompt": "", "width": 128, "height": 128, "steps": 4, "cfg_scale": 7,
            "sampler_name": sampler, "sampler_index": sampler, "batch_size": 1, "save_images": True}
    picture = front.drawn("txt2img", body)
    told = front.post("png-info", {"image": "data:image/png;base64," + text(picture)})
    check(told["info"] == "", "a picture without its text says nothing")
    front.drawn("img2img", body | {"init_images": [text(START)], "denoising_strength": 0.6, "include_init_images": False,
                                   "mask": text(box(START.size, (32, 32, 96, 96))), "inpainting_mask_invert": 0,
                                   "mask_blur": 0, "inpainting_fill": 1, "inpaint_full_res": False})
    answer = front.post("extra-single-image", {"image": text(START), "upscaler_1": "R-ESRGAN 4x+", "upscaling_resize": 2})
    check(opened(base64.b64decode(answer["image"])).size == (256, 256), "it enlarges")
    check(front.call("GET", "/StableStudio/get-generated-images") == [], "its history is empty")


def photoshop():
    front = Front("Auto-Photoshop", Content_Type="application/json", Accept="application/json")
    for name in ["options", "samplers", "sd-models", "upscalers", "scripts", "loras", "embeddings", "hypernetworks",
                 "latent-upscale-modes", "prompt-styles", "cmd-flags"]:
        front.get(name)
    for name in ["version", "model_list", "module_list", "settings", "detect"]:
        response = requests.get(f"{SERVER.url}/controlnet/{name}", timeout=60)
        check(response.status_code == 404 and response.json() == {"detail": "Not Found"}, f"there is no /controlnet/{name}")
    body = {"prompt": "a boat", "negative_prompt": "", "steps": 4, "n_iter": 1, "sampler_index": "Euler a", "width": 128,
            "height": 128, "cfg_scale": 7, "seed": "-1", "batch_size": 2, "mask_blur": 0, "restore_faces": False,
            "inpainting_fill": 0, "hr_resize_x": 0, "hr_resize_y": 0, "hr_sampler_name": "", "hr_scale": 1,
            "hr_upscaler": "Latent", "enable_hr": False, "use_prompt_shortcut": False, "prompt_shortcut_ui_dict": {},
            "styles": [], "script_args": [], "session_id": "1",
            "alwayson_scripts": {"controlnet": {"args": [{"enabled": False, "module": "none", "model": ""}]}}}
    front.drawn("txt2img", body)
    painted = front.drawn("img2img", body | {
        "init_images": [text(START)], "mask": text(box(START.size, (32, 32, 96, 96))), "denoising_strength": 0.75,
        "inpaint_full_res": True, "inpaint_full_res_padding": 8, "inpainting_fill": 1, "inpainting_mask_invert": False,
        "resize_mode": 0})
    check(not differ(painted, START, box(START.size, (32, 32, 96, 96), 0, 255)), "no pixel outside of the mask is changed")
    check(front.get("progress")["state"]["job_count"] == 0, "nothing is at work")
    response = requests.post(f"{SERVER.url}/sdapi/v1/interrogate", json={"image": text(START), "model": "clip"}, timeout=60)
    check(response.status_code == 404 and "Model not found" in response.json()["detail"], "a missing model is named")


def libre_chat():
    front = Front("LibreChat", Content_Type="application/json", Accept="application/json, text/plain, */*")
    front.drawn("txt2img", {"prompt": "a castle", "negative_prompt": "low quality", "cfg_scale": 4.5, "steps": 4,
                            "width": 128, "height": 128, "sampler_index": "DPM++ 2M Karras"})


def shapes_of_addresses():
    """Base URLs that already end with what clients add."""
    for base in ["/sdapi/v1", "/sdapi/v1/", "/v1", "//"]:
        check(Front("a base URL").call("GET", f"{base}/sdapi/v1/samplers"), f"a base URL may end with {base}")


def infotext():
    """A1111's text alone draws its picture again."""
    front = Front("A1111's text")
    small = {"prompt": "a red heart", "negative_prompt": "blue", "seed": 11, "steps": 4, "width": 64, "height": 96,
             "sampler_name": "DPM++ SDE", "scheduler": "Exponential", "cfg_scale": 5.5}
    for what, more in [("text to image", {}), ("clip skip", {"clip_skip": 2}), ("eta", {"sampler_name": "Euler a", "eta": 0.5}),
                       ("variations", {"subseed": 3, "subseed_strength": 0.25, "seed_resize_from_w": 64, "seed_resize_from_h": 64}),
                       ("the processor's numbers", {"override_settings": {"randn_source": "CPU"}}),
                       ("hires fix", {"enable_hr": True, "hr_scale": 1.5, "denoising_strength": 0.6, "hr_second_pass_steps": 6}),
                       ("hires fix by a network", {"enable_hr": True, "hr_scale": 2, "hr_upscaler": "animevideov3"})]:
        answer = front.post("txt2img", small | more)
        picture = opened(base64.b64decode(answer["images"][0]))
        told = PngImagePlugin.PngInfo()
        told.add_text("parameters", json.loads(answer["info"])["infotexts"][0])
        stream = io.BytesIO()
        picture.save(stream, "PNG", pnginfo=told)
        read = front.call("POST", "/pictures/read", json={"picture": base64.b64encode(stream.getvalue()).decode()})
        check(read["origin"] == "a1111" and read["notices"] == [], f"{what}: all of the text is understood")
        job = requests.post(f"{SERVER.url}/jobs/draw", json=read["request"], timeout=60).json()
        events = requests.get(SERVER.url + job["events"], timeout=120).text
        link = json.loads([line for line in events.splitlines() if '"link"' in line][0].removeprefix("data: "))["link"]
        again = opened(requests.get(SERVER.url + link, timeout=60).content)
        check(not differ(again, picture) and again.size == picture.size, f"{what}: the text draws the picture again")


with Server("--cors-origin", STUDIO, "--log-prompts") as SERVER:
    open_webui()
    silly_tavern()
    stable_studio()
    photoshop()
    libre_chat()
    shapes_of_addresses()
    infotext()
check(not any("hidden" in line for line in SERVER.log), "nothing of a user's password is in the log")
