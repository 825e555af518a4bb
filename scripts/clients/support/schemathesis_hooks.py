"""Makes the requests of schemathesis cheap and possible: pictures are small, steps few, and names those that there are."""

import base64

import schemathesis

from pictures import file, gradient

PICTURE = file(gradient(64, 64))
# What draws four megapixels is asked for no picture, and so refused.
DEAR = ("/upscale/conservative", "/upscale/creative", "/jobs/upscale")
DRAWING = ("/text-to-image", "/jobs/draw", "2img", "/images/generations", "/images/edits", "/images/variations", "/inpaint")
# Of texts that name something only a few do.
KNOWN = {"sampler": "K_EULER", "engine": "built-in", "model": "built-in", "model_id": "built-in", "size": "64x64"}
# The least and most that are possible, and what is sent instead. One seed lets like requests be drawn once.
CHEAP = {"width": (64, 2048, 64), "height": (64, 2048, 64), "steps": (10, 150, 10), "n": (1, 10, 1), "num_inference_steps": (1, 50, 2), "samples": (1, 10, 1),
         "seed": (1, 4294967294, 1), "batch_size": (1, 16, 1), "n_iter": (1, 64, 1), "hr_scale": (1, 8, 1), "left": (1, 2000, 8), "right": (1, 2000, 8), "up": (1, 2000, 8), "down": (1, 2000, 8)}


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.path_parameters and "engine_id" in case.path_parameters:
        case.path_parameters["engine_id"] = "built-in"
    if not isinstance(case.body, dict) or case.operation.path.endswith(DEAR):
        return
    drawn = "/generate/" in case.operation.path or case.operation.path.endswith(DRAWING)
    for name, (least, most, cheap) in CHEAP.items():
        value = case.body.get(name, least if drawn else None)
        if isinstance(value, (int, float)) and least <= value <= most:
            case.body[name] = cheap
    for name in ("image", "init_image", "mask", "mask_image"):
        if isinstance(case.body.get(name), bytes):
            case.body[name] = PICTURE
        if isinstance(case.body.get(name), str):
            case.body[name] = base64.b64encode(PICTURE).decode()
    for name in ("init_images", "image"):
        if isinstance(case.body.get(name), list) or name == "init_images" and isinstance(case.body.get(name), str):
            case.body[name] = [base64.b64encode(PICTURE).decode()]
    if "stream" in case.body:
        # It cannot read events with the urllib3 that others of these clients need.
        case.body["stream"] = False
    for name, known in KNOWN.items():
        if isinstance(case.body.get(name), str):
            case.body[name] = known
