#!/usr/bin/env python3
"""Stability's gRPC API as programs with stability-sdk use it: only the host is changed."""

import logging
import os
import pathlib
import socket
import subprocess
import sys
import time

import grpc
import stability_sdk.interfaces.gooseai.generation.generation_pb2 as generation
from stability_sdk import api, client

from engines_stubs import PICTURE, EnginesServiceStub, ListEnginesRequest
from pictures import box, differ, gradient, noise, opened
from server import Server, check

WORK = pathlib.Path(os.environ["WORK"])
ENGINE = "stable-diffusion-v1-6"
SMALL = {"width": 256, "height": 256, "steps": 10}
# Some seconds of work.
LONG = {"width": 384, "height": 384, "steps": 150}
START = gradient(256, 192)
# What is white; as a mask of a request, RIGHT has the left half drawn anew.
LEFT, RIGHT = box(START.size, (0, 0, 128, 192)), box(START.size, (128, 0, 256, 192))
# The SDK warns of what is done here on purpose.
logging.disable(logging.WARNING)


def inference(host, engine=ENGINE):
    return client.StabilityInference(host=host, key="sk-anything", engine=engine)


def artifacts(answers):
    """The pictures of an answer, found as the SDK's samples do."""
    all_of_them = [artifact for answer in answers for artifact in answer.artifacts]
    return [artifact for artifact in all_of_them if artifact.type == generation.ARTIFACT_IMAGE]


def picture(answers):
    """The only one of an answer."""
    [artifact] = artifacts(answers)
    return opened(artifact.binary)


def refused(answers, code, text):
    try:
        list(answers)
    except grpc.RpcError as error:
        check(error.code() == code and text in error.details(), f"{error.code().name}: {error.details()[:90]}")
    else:
        check(False, f"a call ends with {code}")


def text_to_image(sdk, server):
    two = artifacts(sdk.generate(prompt="a lighthouse above the sea", seed=41, samples=2, cfg_scale=8.0,
                                 sampler=generation.SAMPLER_K_DPMPP_2M, **SMALL))
    check([artifact.seed for artifact in two] == [41, 42] and two[0].binary != two[1].binary
          and opened(two[0].binary).size == (256, 256) and two[0].mime == "image/png", "samples count up from the seed")
    drawn = server.figure("pictures_total")
    for what in ["drawn by itself", "asked for again"]:
        one = artifacts(sdk.generate(prompt="a lighthouse above the sea", seed=42, cfg_scale=8.0,
                                     sampler=generation.SAMPLER_K_DPMPP_2M, **SMALL))
        check(one[0].binary == two[1].binary, f"a seed gives the same bytes when {what}")
    check(server.figure("pictures_total") == drawn + 1, "the second time from the cache")
    check(artifacts(sdk.generate("a boat", **SMALL))[0].seed > 0, "a random seed is told")


def changes(sdk):
    """What must make another picture of a prompt and a seed."""
    plain = picture(sdk.generate("a boat", seed=5, **SMALL))
    prompts = [generation.Prompt(text="a boat", parameters=generation.PromptParameters(weight=1)),
               generation.Prompt(text="clouds", parameters=generation.PromptParameters(weight=-0.75))]
    for what, found in [
        ("a negative weight", sdk.generate(prompts, seed=5, **SMALL)),
        ("a style preset", sdk.generate("a boat", seed=5, style_preset="line-art", **SMALL)),
        ("a sampler", sdk.generate("a boat", seed=5, sampler=generation.SAMPLER_K_EULER_ANCESTRAL, **SMALL)),
    ]:
        check(differ(picture(found), plain), f"{what} has an effect")
    guided = sdk.generate("a boat", seed=5, guidance_preset=generation.GUIDANCE_PRESET_FAST_BLUE, **SMALL)
    check(picture(guided).size == plain.size, "a guidance preset is taken")


def image_to_image(sdk):
    found = picture(sdk.generate("a red heart", init_image=START, start_schedule=0.6, seed=7, steps=10))
    check(found.size == START.size and differ(found, START), "image to image keeps the size of its picture")
    found = picture(sdk.generate("a red heart", init_image=START, mask_image=RIGHT, seed=7, steps=10))
    check(differ(found, START, LEFT), "inpainting draws where the mask is black")
    check(not differ(found, START, RIGHT), "it keeps what is white, to the bit")


def upscale(sdk):
    check(picture(sdk.upscale(init_image=START)).size == (512, 384), "upscale doubles the size by itself")
    check(picture(sdk.upscale(init_image=START, width=384, prompt="a heart")).size == (384, 288), "or gives the width")
    [found] = artifacts(sdk.upscale(init_image=noise(512, 512), width=2048))
    check(found.mime == "image/jpeg" and opened(found.binary).size == (2048, 2048),
          "what would be above 10 MiB as PNG comes as JPEG")


def engines(host):
    with grpc.insecure_channel(host) as channel:
        found = EnginesServiceStub(channel).ListEngines(ListEnginesRequest()).engine
    check(found[0].id == "built-in" and ENGINE in [engine.id for engine in found]
          and all(engine.ready and engine.type == PICTURE for engine in found), "ListEngines has what may be named")


def context(host):
    """The newer of the SDK's two clients, which has a deadline and reads answers itself."""
    context = api.Context(host, "sk-anything", generate_engine_id=ENGINE)
    found = context.generate(prompts=["a boat", "clouds"], weights=[1, -0.75], seed=5, preset="anime",
                             sampler=generation.SAMPLER_DDIM, **SMALL)
    check([one.size for one in found[generation.ARTIFACT_IMAGE]] == [(256, 256)], "Context.generate")
    found = context.inpaint(START, RIGHT, ["a red heart"], [1], seed=5, steps=10)[generation.ARTIFACT_IMAGE][0]
    check(differ(found, START, LEFT) and not differ(found, START, RIGHT), "Context.inpaint")
    check(context.upscale(START, height=384).size == (512, 384), "Context.upscale")
    credits, _ = context.get_user_info()
    check(credits > 0, "Context.get_user_info")
    try:
        context.generate(["a zombie"], [1], **SMALL)
        check(False, "a filtered prompt is refused")
    except api.ClassifierException as refusal:
        check(refusal.prompt, f"a filtered prompt is refused: {refusal.prompt}")


def refusals(sdk, host):
    answers = list(sdk.generate("a zombie in the park", **SMALL))
    check([(artifact.type, artifact.finish_reason) for answer in answers for artifact in answer.artifacts]
          == [(generation.ARTIFACT_TEXT, generation.FILTER)], "a filtered prompt gives a text instead of a picture")
    refused(inference(host, "nothing").generate("a boat", **SMALL), grpc.StatusCode.NOT_FOUND, "engine_id: nothing")
    refused(sdk.generate("a boat", **(SMALL | {"steps": 1000})), grpc.StatusCode.INVALID_ARGUMENT, "steps")
    refused(sdk.generate("a boat", **(SMALL | {"width": 300})), grpc.StatusCode.INVALID_ARGUMENT, "width")


def command(host, *words, key="sk-anything", **more):
    """The SDK's command line in a folder of its own."""
    environment = os.environ | {"STABILITY_HOST": host, "STABILITY_KEY": key} | more
    return subprocess.Popen([sys.executable, "-m", "stability_sdk", "generate", "-e", ENGINE, *words], cwd=WORK,
                            env=environment, stderr=subprocess.PIPE, text=True)


def drawn_by_command(host, **more):
    """The picture that a command writes to its folder, and its error stream."""
    process = command(host, "-W", "256", "-H", "256", "-s", "10", "-A", "k_euler", "-S", "3", "a cat", **more)
    _, errors = process.communicate()
    files = list(WORK.glob("generation_a cat*.png"))
    found = [opened(path.read_bytes()) for path in files]
    for path in files:
        path.unlink()
    return found, errors


def calling(host, prompt):
    """A call that waits for its picture; returns what cancels it."""
    request = api.Context(host, generate_engine_id=ENGINE).generate([prompt], [1], return_request=True, **LONG)
    return inference(host).stub.Generate(request).cancel


def running(host, prompt):
    """The same in a process; returns what kills it."""
    process = command(host, "-W", "384", "-H", "384", "-s", "150", prompt)

    def kill():
        process.kill()
        process.communicate()

    return kill


def leaving(host, server):
    """Clients that leave in the middle of a call take their job with them."""
    for what, begin in [("cancels", calling), ("is killed", running)]:
        leave_work = begin(host, "a boat")
        server.until(lambda: server.figure("working_jobs") == 1, "a job is at work")
        leave_queue = begin(host, "another boat")
        server.until(lambda: server.figure("queue_jobs") == 1, "another waits")
        leave_queue()
        server.until(lambda: server.figure("queue_jobs") == 0, f"who {what} does not wait any longer", 2)
        check(server.figure("working_jobs") == 1, f"who {what} while waiting leaves the queue, the other job goes on")
        leave_work()
        start = time.monotonic()
        server.until(lambda: server.figure("working_jobs") == 0, f"who {what} has no job", 2)
        check(True, f"who {what} while it is drawn leaves no job after {(time.monotonic() - start) * 1000:.0f} ms")


def deadline(host, server):
    """The SDK tries again what was not done in time, which must not begin anew."""
    context = api.Context(host, generate_engine_id=ENGINE)
    context._request_timeout = 2
    batches, start = server.figure("batches_total"), time.monotonic()
    found = context.generate(["a slow boat"], [1], **LONG)
    took = time.monotonic() - start
    check(len(found[generation.ARTIFACT_IMAGE]) == 1 and took > 2, f"a deadline of 2 s, and a picture after {took:.1f} s")
    check(server.figure("batches_total") == batches + 1, "its job was joined, not begun again")


def free_tls_port():
    """One that ends in 443, by which the SDK knows that it must encrypt."""
    for port in range(10443, 65536, 1000):
        with socket.socket() as attempt:
            try:
                attempt.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    sys.exit("failed: a port ending in 443 is free")


def encrypted():
    certificate, secret, keys = WORK / "certificate.pem", WORK / "secret.pem", WORK / "keys"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", secret, "-out", certificate],
                   check=True, capture_output=True)
    keys.write_text("sk-right\n")
    keys.chmod(0o600)
    port = free_tls_port()
    roots = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(certificate)}
    with Server("--grpc-port", str(port), "--tls-certificate", str(certificate), "--tls-key", str(secret),
                "--api-key-file", str(keys), "--credits", "0.3") as server:
        host = f"localhost:{port}"
        found, errors = drawn_by_command(host, key="sk-wrong", **roots)
        check(not found and "UNAUTHENTICATED" in errors, "by TLS, a wrong key is UNAUTHENTICATED")
        found, errors = drawn_by_command(host, key="sk-right", **roots)
        check([one.size for one in found] == [(256, 256)], "the right one gets its picture")
        credits, _ = api.Context(f"localhost:{server.port}").get_user_info()
        check(round(credits, 3) == 0.1, "this machine asks without encryption and key, and sees what is left")
        found, errors = drawn_by_command(host, key="sk-right", **roots)
        check(not found and "RESOURCE_EXHAUSTED" in errors, "until the credits are spent")


(WORK / "words").write_text("zombie\n")
with Server("--word-filter", str(WORK / "words")) as server:
    host = f"localhost:{server.port}"
    sdk = inference(host)
    text_to_image(sdk, server)
    changes(sdk)
    image_to_image(sdk)
    upscale(sdk)
    engines(host)
    context(host)
    refusals(sdk, host)
    found, _ = drawn_by_command(host)
    check([one.size for one in found] == [(256, 256)], "the command line writes a picture")
    leaving(host, server)
    deadline(host, server)
encrypted()
