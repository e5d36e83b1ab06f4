"""Prints the losses of from_keras.py's first steps from the initial values of a run of tfpair.

Usage: keras_steps.py VARIABLES.safetensors PICTURES STEPS; each batch is all pictures of PICTURES/train.
"""

import json
import sys

import numpy as np
from from_keras import build, read


def variables(path):
    """The tensors of a file of safetensors: 8 bytes of length, JSON, numbers."""
    with open(path, "rb") as f:
        data = f.read()
    start = 8 + int.from_bytes(data[:8], "little")
    found = {}
    for name, about in json.loads(data[8:start]).items():
        if name != "__metadata__":
            first, end = about["data_offsets"]
            found[name] = np.frombuffer(data[start + first : start + end], "<f4").reshape(about["shape"])
    return found


values, data, steps = variables(sys.argv[1]), sys.argv[2], int(sys.argv[3])
tower = build()
layers = ("conv1", "conv2", "dense")
tower.set_weights([values[f"backbone/{layer}/{kind}"] for layer in layers for kind in ("kernel", "bias")])
_, images, classes = read(data, "train")
print(json.dumps([float(tower.train_on_batch(images, classes)) for _ in range(steps)]))
