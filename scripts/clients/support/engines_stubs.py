"""The stubs of EnginesService in stability-sdk, which find each other only with their folder among the paths."""

import pathlib
import sys

import stability_sdk

sys.path.append(str(pathlib.Path(stability_sdk.__file__).parent / "interfaces/gooseai/engines"))

from engines_pb2 import PICTURE, ListEnginesRequest
from engines_pb2_grpc import EnginesServiceStub
