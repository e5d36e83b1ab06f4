"""Runs models of ONNX in ONNX Runtime, and compares with the embeddings that TensorFlow gave.

    onnx_matrix.py FOLDER

FOLDER holds the models, expected.json and images.rgb of cli/interop_onnx_test.go. Prints a line per model; the
first that fails ends it.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from case import close, require


def near(got, want, least, what):
    """Requires that the rows of got have at least this cosine with those of want, in the mean."""
    length = np.linalg.norm(got, axis=1) * np.linalg.norm(want, axis=1)
    cosine = (got * want).sum(axis=1) / length
    require(cosine.mean() >= least, f"{what}: the mean cosine is {cosine.mean():.6f}, want {least}")
    print(f"{what}: mean cosine {cosine.mean():.6f}, smallest {cosine.min():.6f}")


def check_integers(model, what, images, want, least):
    """Integers are rounded in other places: embeddings point nearly the same way."""
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model)
    near(session.run(["embedding"], {"images": images})[0], want, least, what)


def check(model, file, images, want):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model)
    for batch in (len(images), 1, 0):
        (got,) = session.run(["embedding"], {"images": images[:batch]})
        close(got, want[:batch].reshape(batch, -1), f"{file}, {batch} images") if batch else require(
            got.shape == (0, want.shape[1]), f"{file}: no images give {got.shape}"
        )


def main(folder):
    folder = Path(folder)
    expected = json.loads((folder / "expected.json").read_text())
    size = expected["size"]
    images = np.fromfile(folder / "images.rgb", np.uint8).reshape(-1, size, size, 3)
    print(f"onnx {version('onnx')}, ONNX Runtime {version('onnxruntime')}")
    for case in expected["cases"]:
        want = np.array(case["embeddings"], np.float32)
        model, what = str(folder / case["file"]), " ".join(case["settings"])
        if "cosine" in case:
            check_integers(model, what, images, want, case["cosine"])
        else:
            check(model, what, images, want)


if __name__ == "__main__":
    main(*sys.argv[1:])
