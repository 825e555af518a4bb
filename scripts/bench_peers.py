"""The programs that scripts/bench plays the engine against: what they need, the commands that they are, and how they are
limited to an instruction set."""

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT_IN = ROOT / "Sources/BuiltInModel/model"
# Name: the modules that it needs, and how they come.
NEEDS = {
    "pytorch": (["torch", "diffusers", "transformers"], "pip install -r scripts/fixtures/requirements.txt"),
    "openvino": (["openvino", "torch", "diffusers"], "pip install openvino -r scripts/fixtures/requirements.txt"),
    "onnxruntime": (["onnxruntime", "onnx", "torch", "diffusers"],
                    "pip install onnxruntime onnx -r scripts/fixtures/requirements.txt"),
    "sdcpp": (["stable_diffusion_cpp"], "pip install stable-diffusion-cpp-python"),
    "old": ([], "--engine-old PATH"),
}
# What --compare may name, and the sides that each is: a program, and after dashes how it computes.
SIDES = {
    "pytorch": ["pytorch-bfloat16", "pytorch-float32"], "openvino": ["openvino-bfloat16"], "sdcpp": ["sdcpp"], "old": ["old"],
    "pytorch-bfloat16": ["pytorch-bfloat16"], "pytorch-float32": ["pytorch-float32"],
    "pytorch-float16": ["pytorch-float16"],
    "pytorch-compiled": ["pytorch-compiled-bfloat16", "pytorch-compiled-float32"],
    "pytorch-compiled-bfloat16": ["pytorch-compiled-bfloat16"],
    "pytorch-compiled-float32": ["pytorch-compiled-float32"],
    "openvino-bfloat16": ["openvino-bfloat16"], "openvino-float32": ["openvino-float32"],
    "openvino-int8": ["openvino-int8"], "onnxruntime": ["onnxruntime"], "none": [],
}
# Taken if nothing is named: the others take minutes before their first sample.
USUAL = ["pytorch", "openvino", "sdcpp", "old"]

# Values of DARKROOM_INSTRUCTIONS, and what limits peers to the same.
INSTRUCTIONS = {
    "avx2": ("avx2", "AVX2"), "avxvnni": ("avx2", "AVX2_VNNI"), "avx512": ("avx512", "AVX512_CORE"),
    "avx512vnni": ("avx512", "AVX512_CORE_VNNI"), "avx512bf16": ("avx512", "AVX512_CORE_BF16"),
    "amx": ("avx512", "AVX512_CORE_AMX"),
}
UNLIMITED = ["onnxruntime", "sdcpp"]


def environment(instructions):
    """Variables that limit the engine and its peers; none for all that the processor has."""
    if not instructions:
        return {}
    torch, onednn = INSTRUCTIONS[instructions]
    return {"DARKROOM_INSTRUCTIONS": instructions, "ATEN_CPU_CAPABILITY": torch, "ONEDNN_MAX_CPU_ISA": onednn,
            "MKL_ENABLE_INSTRUCTIONS": torch.upper()}


def engine_words(command, options):
    """- command: may be an old one, which does not know all flags."""
    help_text = subprocess.run([command, "bench", "--help"], capture_output=True, text=True).stdout
    words = [command, "bench", "--model", options.model or "built-in", "--wait", "--json",
             "--size", f"{options.size}x{options.size}", "--rounds", options.rounds, "--threads", options.threads,
             "--device", options.device]
    if "--cfg-scale X" in help_text:
        words += ["--cfg-scale", 1 if options.unguided else 7.5]
    if options.vae:
        words += ["--vae", options.vae]
    return words + (["--precision", options.precision] if options.precision != "auto" else []), help_text


def words(side, options):
    """The command that a side is, and whether it tells when it has loaded."""
    if side == "old":
        found, help_text = engine_words(options.engine_old, options)
        return found, "--steps" in help_text
    program, *ways = side.split("-")
    found = [sys.executable, ROOT / f"scripts/bench-{program}", options.model or BUILT_IN, "--wait",
             "--size", options.size, "--rounds", options.rounds, "--threads", options.threads]
    if program != "sdcpp":
        found += ["--predictions", 1 if options.unguided else 2] + (["--vae", options.vae] if options.vae else [])
    for way in ways:
        found += ["--compile"] if way == "compiled" else ["--dtype", way]
    if program == "pytorch":
        found += ["--device", options.peer_device]
    return found, True


def missing(side, options):
    """What a side lacks here, in words; empty for nothing."""
    program = side.partition("-")[0]
    modules, hint = NEEDS[program]
    if program == "sdcpp" and not options.model:
        return "knows no model of the built-in one's size"
    if program == "sdcpp" and (options.unguided or options.vae):
        return "is timed with guidance and its own decoder alone"
    if options.instructions and program in UNLIMITED:
        return "cannot be limited to an instruction set"
    if side == "openvino-int8":
        modules, hint = modules + ["nncf"], hint.replace("openvino", "openvino nncf", 1)
    lacks = [module for module in modules if importlib.util.find_spec(module) is None]
    return hint if lacks or program == "old" and not options.engine_old else ""


def chosen(options, parser):
    """The sides to compare with, and what of those named, or of the usual ones, is missing."""
    asked = options.compare.split(",") if options.compare else USUAL
    if wrong := [name for name in asked if name not in SIDES]:
        parser.error(f"--compare: {wrong[0]!r} is not known; expected some of {', '.join(SIDES)}")
    sides = [side for name in asked for side in SIDES[name]]
    lacking = {side: hint for side in sides if (hint := missing(side, options))}
    if options.compare and lacking:
        parser.error("; ".join(f"--compare: {side} is not here ({hint})" for side, hint in lacking.items()))
    lacking.pop("old", None)
    return [side for side in sides if not missing(side, options)], lacking
