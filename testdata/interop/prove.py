"""Reads an exported model with ONNX Runtime, its model.onnx and through tf2onnx, and with OpenVINO, and compares
with Go.

    prove.py CASE

CASE is a folder as case.py has it. Prints a line per check; the first that fails ends it.
"""

import os
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import onnxruntime
import openvino
from case import MODEL, Case, close


def convert(signature):
    """Converts a signature by tf2onnx's own command line and returns an open session."""
    file = f"{signature}.onnx"
    command = [sys.executable, "-m", "tf2onnx.convert", "--saved-model", MODEL, "--tag", "serve"]
    command += ["--signature_def", signature, "--output", file]
    subprocess.run(command, check=True, capture_output=True)
    return onnxruntime.InferenceSession(file)


def check_onnx(case):
    who = f"ONNX Runtime {version('onnxruntime')}"
    own = onnxruntime.InferenceSession(f"{MODEL}/model.onnx")
    for side in ("left", "right"):
        got = own.run(["embedding"], {"images": getattr(case, side)})[0]
        close(got, case.column(side), f"{who}, model.onnx: embedding, {side}")
    who += f", tf2onnx {version('tf2onnx')}"
    tower = convert("serving_default")
    for side in ("left", "right"):
        got = tower.run(["embedding"], {"images": getattr(case, side)})[0]
        close(got, case.column(side), f"{who}: embedding, {side}")
    compare = convert("compare")
    names = [output.name for output in compare.get_outputs()]
    got = compare.run(names, {"left": case.left, "right": case.right})
    case.compare(dict(zip(names, got)), who)


def check_openvino(case):
    """OpenVINO reads model.onnx, and serving_default alone; its own choice on some processors is bfloat16."""
    who = f"OpenVINO {version('openvino')}"
    core = openvino.Core()
    precision = {"INFERENCE_PRECISION_HINT": "f32"}
    for file in (MODEL, f"{MODEL}/model.onnx"):
        tower = core.compile_model(core.read_model(file), "CPU", precision)
        for side in ("left", "right"):
            got = tower({"images": getattr(case, side)})["embedding"]
            close(got, case.column(side), f"{who}, {file}: embedding, {side}")


def main(folder):
    os.chdir(folder)
    case = Case()
    print(f"numpy {np.__version__}, TensorFlow {version('tensorflow-cpu')}")
    check_onnx(case)
    check_openvino(case)


if __name__ == "__main__":
    main(*sys.argv[1:])
