#!/usr/bin/env python3
"""webuiapi, unmodified, as its README uses it against AUTOMATIC1111's web UI: only host and port are ours."""

import base64
import os
import pathlib
import threading
import time

import webuiapi

from pictures import box, differ, file, gradient, opened
from server import Server, check

SMALL = {"width": 128, "height": 128, "steps": 4, "cfg_scale": 7}
START = gradient(128, 128)
HOLE = (32, 32, 96, 96)


def text_to_image(api):
    result = api.txt2img(prompt="cute squirrel", negative_prompt="ugly, out of frame", seed=1003, styles=["anime"], **SMALL)
    check(result.image.size == (128, 128) and result.images == [result.image], "txt2img gives a picture")
    check(result.info["seed"] == 1003 and result.info["all_seeds"] == [1003], "info tells the seed")
    check(result.info["prompt"].startswith("cute squirrel, anime") and result.parameters["prompt"] == "cute squirrel",
          "info has the prompt with its style, parameters the request")
    check(result.parameters["steps"] == 4 and result.parameters["sampler_index"] == "Euler a", "parameters repeat the request")
    again = api.txt2img(prompt="cute squirrel", negative_prompt="ugly, out of frame", seed=1003, styles=["anime"], **SMALL)
    check(again.json["images"] == result.json["images"], "the same seed gives the same bytes")
    return result


def batches(api):
    asked = SMALL | {"prompt": "a boat", "sampler_name": "DPM++ 2M", "scheduler": "Karras"}
    four = api.txt2img(seed=40, batch_size=2, n_iter=2, **asked)
    check(four.info["all_seeds"] == [40, 41, 42, 43], "two batches of two have four seeds")
    for place in range(4):
        one = api.txt2img(seed=40 + place, **asked)
        check(not differ(one.image, four.images[place]), f"picture {place} is that of seed {40 + place} alone")
    varied = api.txt2img(seed=7, subseed=3, subseed_strength=0.3, batch_size=2, **asked)
    check(varied.info["all_seeds"] == [7, 7] and varied.info["all_subseeds"] == [3, 4], "variations share their seed")
    check("Variation seed: 4, Variation seed strength: 0.3" in varied.info["infotexts"][1], "the infotext tells the variation")
    random = api.txt2img(**asked)
    repeated = api.txt2img(seed=random.info["seed"], **asked)
    check(not differ(random.image, repeated.image), "a random seed is told, and makes the picture again")


def hires_fix(api):
    result = api.txt2img(prompt="cute squirrel", seed=5, enable_hr=True, hr_scale=2, hr_upscaler=webuiapi.HiResUpscaler.Latent,
                         denoising_strength=0.7, width=64, height=96, steps=4)
    check(result.image.size == (128, 192), "hires fix gives twice the size")
    text = result.info["infotexts"][0]
    check("Size: 64x96" in text and "Hires upscaler: Latent" in text and "Denoising strength: 0.7" in text, "the infotext tells it")
    result = api.txt2img(prompt="cute squirrel", enable_hr=True, hr_resize_x=96, hr_resize_y=144, hr_second_pass_steps=2,
                         hr_upscaler=webuiapi.HiResUpscaler.ESRGAN_4x, width=64, height=96, steps=4)
    check(result.image.size == (96, 144), "hires fix gives the size that is asked for, by a network")


def infotext(api, result):
    """The text of an answer, sent back through png-info, tells the request again."""
    told = api.png_info(opened(base64.b64decode(result.json["images"][0])))
    check(told.info == result.info["infotexts"][0], "png-info gives the infotext of the picture")
    fields = told.parameters
    check(fields["Prompt"] == result.info["prompt"] and fields["Negative prompt"] == result.info["negative_prompt"],
          "its prompts are those of the answer")
    api_again = api.txt2img(prompt=fields["Prompt"], negative_prompt=fields["Negative prompt"], seed=int(fields["Seed"]),
                            steps=int(fields["Steps"]), cfg_scale=float(fields["CFG scale"]), width=int(fields["Size-1"]),
                            height=int(fields["Size-2"]), sampler_name=fields["Sampler"], scheduler=fields["Schedule type"])
    check(not differ(api_again.image, result.image), "the settings of the text make the picture again")
    check(api.png_info(START).info == "", "a picture without text has none")


def image_to_image(api):
    result = api.img2img(images=[START], prompt="cute cat", seed=5, denoising_strength=0.5, **SMALL)
    check(result.image.size == (128, 128) and differ(result.image, START), "img2img draws from a picture")
    check(result.parameters["init_images"] is None and result.parameters["mask"] is None, "the echo leaves pictures out")
    wide = gradient(192, 128)
    sizes = {mode: api.img2img(images=[wide], prompt="cat", seed=5, denoising_strength=0, resize_mode=mode, **SMALL).image
             for mode in (0, 1, 2)}
    check(all(picture.size == (128, 128) for picture in sizes.values()) and differ(sizes[0], sizes[1])
          and differ(sizes[1], sizes[2]), "resize modes differ")
    mask, outside = box(START.size, HOLE), box(START.size, HOLE, 0, 255)
    for fill in range(4):
        result = api.img2img(images=[START], mask_image=mask, mask_blur=4, inpainting_fill=fill, inpaint_full_res=False,
                             prompt="a red heart", seed=3, **SMALL)
        check(not differ(result.image, START, outside) and differ(result.image, START, mask), f"inpainting with fill {fill}")
    inverted = api.img2img(images=[START], mask_image=outside, inpainting_mask_invert=1, inpaint_full_res=False, mask_blur=4,
                           inpainting_fill=3, prompt="a red heart", seed=3, **SMALL)
    check(not differ(inverted.image, result.image), "an inverted mask is the same as its opposite")
    large = gradient(256, 192)
    result = api.img2img(images=[large], mask_image=box(large.size, HOLE), inpaint_full_res=True, inpaint_full_res_padding=16,
                         inpainting_fill=1, prompt="a red heart", seed=3, **SMALL)
    check(result.image.size == large.size and not differ(result.image, large, box(large.size, HOLE, 0, 255)),
          "only the masked part of a large picture is drawn")
    two = api.img2img(images=[START, wide], prompt="cat", seed=5, denoising_strength=0.5, **SMALL)
    check(len(two.images) == 2 and two.info["all_seeds"] == [5, 6], "two pictures give two")


def extras(api):
    small = gradient(48, 32)
    result = api.extra_single_image(image=small, upscaler_1=webuiapi.Upscaler.ESRGAN_4x, upscaling_resize=1.5)
    check(result.image.size == (72, 48), "extras enlarge by a factor")
    check(not differ(api.extra_single_image(image=small).image, small), "None leaves the picture as it is")
    result = api.extra_single_image(image=small, upscaler_1="Lanczos", resize_mode=1, upscaling_resize_w=96, upscaling_resize_h=96)
    check(result.image.size == (96, 96), "and to a size")
    nearest = api.extra_single_image(image=small, upscaler_1="Nearest", upscaling_resize=2).image
    check(not differ(nearest, small.resize((96, 64), 0)), "Nearest repeats pixels")
    mixed = api.extra_single_image(image=small, upscaler_1="Lanczos", upscaler_2="animevideov3", extras_upscaler_2_visibility=0.5)
    check(mixed.image.size == (96, 64) and differ(mixed.image, api.extra_single_image(image=small, upscaler_1="Lanczos").image),
          "two upscalers are mixed")
    result = api.extra_batch_images(images=[small, START], upscaler_1="Lanczos", upscaling_resize=2)
    check([picture.size for picture in result.images] == [(96, 64), (256, 256)], "extras enlarge several")


def lists(api):
    check("Euler a" in api.util_get_sampler_names() and "karras" in api.util_get_scheduler_names(), "samplers and schedulers")
    model = api.util_get_model_names()[0]
    check(api.util_get_current_model() == model and model.startswith("built-in.safetensors ["), f"the model is {model}")
    api.util_set_model("built-in")
    api.set_options({"CLIP_stop_at_last_layers": 2, "an_extension": {"a": 1}})
    options = api.get_options()
    check(options["CLIP_stop_at_last_layers"] == 2 and options["an_extension"] == {"a": 1}, "options are kept")
    check("Clip skip: 2" in api.txt2img(prompt="x", **SMALL).info["infotexts"][0], "and hold")
    result = api.txt2img(prompt="x", override_settings={"CLIP_stop_at_last_layers": 1, "randn_source": "CPU"}, **SMALL)
    check(result.info["clip_skip"] == 1 and "RNG: CPU" in result.info["infotexts"][0], "override_settings hold for one request")
    api.set_options({"CLIP_stop_at_last_layers": 1})
    check({row["name"] for row in api.get_upscalers()} > {"None", "Lanczos", "Nearest", "animevideov3", "R-ESRGAN 4x+"},
          "upscalers")
    check([row["name"] for row in api.get_latent_upscale_modes()] == ["Latent", "Latent (nearest-exact)"], "latent modes")
    check(api.get_memory()["ram"]["total"] > api.get_memory()["ram"]["used"] > 0, "memory")
    check("anime" in [row["name"] for row in api.get_prompt_styles()], "styles")
    check(api.get_embeddings() == {"loaded": {}, "skipped": {}}, "embeddings")
    check(not any([api.get_loras(), api.get_hypernetworks(), api.get_face_restorers(), api.get_sd_vae()]), "and no more")
    check(api.get_scripts() == {"txt2img": [], "img2img": []} and api.get_cmd_flags()["api"], "scripts and flags")
    check(api.refresh_checkpoints() == {} and api.get_realesrgan_models(), "refreshing")


def interrupting(api, server):
    """Progress, interruption and skipping from another thread."""
    results = {}

    def draw(**more):
        results["drawn"] = api_of(server).txt2img(prompt="a long one", width=512, height=512, steps=100, **more)

    def working(part=0):
        state = api.get_progress()["state"]
        return state["job_count"] > 0 and state["job_no"] == part and state["sampling_step"] > 0

    idle = api.get_progress()
    check(idle["progress"] == 0 and idle["state"]["job_count"] == 0, "nothing is at work")
    thread = threading.Thread(target=draw, kwargs={"n_iter": 3})
    thread.start()
    server.until(working, "the first picture is at work")
    server.until(lambda: api.get_progress()["current_image"], "a preview is there")
    progress = api.get_progress()
    check(0 < progress["progress"] < 1 and progress["eta_relative"] > 0 and progress["state"]["job_count"] == 3,
          f"progress is told: {progress['progress']:.3f}")
    check(opened(base64.b64decode(progress["current_image"])).size[0] > 0, "the preview is a picture")
    check(api.custom_get("progress?skip_current_image=true", baseurl=True)["current_image"] is None, "which may be left out")
    api.skip()
    server.until(lambda: working(1), "the second picture is at work")
    begun = time.monotonic()
    api.interrupt()
    thread.join()
    check(time.monotonic() - begun < 10 and results["drawn"].images == [], "the request ends, with the pictures that are finished")
    api.util_wait_for_ready(check_interval=0.1)


def api_of(server, **more):
    return webuiapi.WebUIApi(host="127.0.0.1", port=server.port, sampler="Euler a", steps=4, **more)


def keys():
    path = pathlib.Path(os.environ["WORK"]) / "keys"
    path.write_text("sk-secret\n")
    path.chmod(0o600)
    with Server("--api-key-file", str(path)) as server:
        check(api_of(server, username="user", password="sk-secret").get_options()["sd_model_checkpoint"], "the password is a key")
        check(api_of(server).custom_get("options", baseurl=True)["detail"] == "Incorrect username or password", "it is needed")
        wrong = api_of(server, username="user", password="no")
        check(wrong.session.get(f"{wrong.baseurl}/options").status_code == 401, "and must be right")


with Server() as SERVER:
    API = api_of(SERVER)
    infotext(API, text_to_image(API))
    batches(API)
    hires_fix(API)
    image_to_image(API)
    extras(API)
    lists(API)
    interrupting(API, SERVER)
keys()
