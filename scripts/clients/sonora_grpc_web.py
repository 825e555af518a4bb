#!/usr/bin/env python3
"""Stability's API as gRPC-web: sonora with the stubs of stability-sdk, on the port that serves all else."""

import grpc
import sonora.client
import stability_sdk.interfaces.gooseai.generation.generation_pb2 as generation
from stability_sdk.interfaces.gooseai.generation.generation_pb2_grpc import GenerationServiceStub

from engines_stubs import EnginesServiceStub, ListEnginesRequest
from pictures import opened
from server import Server, check


def request(**fields):
    image = generation.ImageParameters(width=256, height=256, steps=10, samples=1, seed=[7])
    wanted = {"engine_id": "stable-diffusion-v1-6", "prompt": [generation.Prompt(text="a red heart")], "image": image}
    return generation.Request(**(wanted | fields))


def artifacts(answers):
    return [artifact for answer in answers for artifact in answer.artifacts]


def status(call):
    """The status of a call that must fail, and its message."""
    try:
        list(call)
    except grpc.RpcError as error:
        return error.code(), error.details()
    return None, "it went well"


def generate(service):
    found = artifacts(service.Generate(request()))
    check(len(found) == 1 and found[0].type == generation.ARTIFACT_IMAGE and found[0].seed == 7
          and opened(found[0].binary).size == (256, 256), "Generate gives a picture and its seed")
    asset = generation.AssetParameters(action=generation.ASSET_PUT)
    chain = generation.ChainRequest(stage=[
        generation.Stage(id="Main", request=request()),
        generation.Stage(id="Asset", request=generation.Request(engine_id="asset-service", asset=asset)),
    ])
    answers = list(service.ChainGenerate(chain))
    check([artifact.binary for artifact in artifacts(answers)] == [found[0].binary] and answers[0].request_id,
          "ChainGenerate draws the same, and stores nothing")


def engines(channel):
    found = EnginesServiceStub(channel).ListEngines(ListEnginesRequest()).engine
    check(found[0].id == "built-in" and all(engine.ready for engine in found), "ListEngines has the model")


def refusals(service):
    code, message = status(service.Generate(request(engine_id="nothing")))
    check(code == grpc.StatusCode.NOT_FOUND and "built-in" in message, f"a wrong engine: {code.name}")
    code, message = status(service.Generate(request(image=generation.ImageParameters(steps=1000))))
    check(code == grpc.StatusCode.INVALID_ARGUMENT and "steps" in message, f"wrong steps: {code.name}: {message}")


def deadline(service):
    image = generation.ImageParameters(width=256, height=256, steps=150)
    code, _ = status(service.Generate(request(image=image), timeout=0.5))
    check(code == grpc.StatusCode.DEADLINE_EXCEEDED, "a call may have a deadline")


with Server() as server, sonora.client.insecure_web_channel(server.url) as channel:
    service = GenerationServiceStub(channel)
    generate(service)
    engines(channel)
    refusals(service)
    deadline(service)
