"""Makes torch_targets.json: PyTorch's losses between random embeddings and their targets.

Values and gradients are computed in float64 from inputs that are float32, so that all of a
difference is ours. Run it in an environment with torch and numpy; the versions that made the file
are in it. graphs/loss reads the file.
"""

import json
import os
import sys

import numpy as np
import torch
from torch import nn

DIM = 6
ROWS = 5


def cosine(x, t):
    return nn.CosineEmbeddingLoss()(x, t, torch.ones(len(x)))


def mixed(x, t):
    return 0.5 * nn.L1Loss()(x, t) + 2 * nn.MSELoss()(x, t) + 3 * cosine(x, t)


CASES = [
    ("l1", {}, nn.L1Loss()),
    ("mse", {}, nn.MSELoss()),
    ("cosine", {}, cosine),
    ("mixed", {"l1": 0.5, "mse": 2, "cosine": 3}, mixed),
]


def numbers(x):
    """Enough digits that float64 reads back to within a millionth of a millionth."""
    return [float(f"{v:.12g}") for v in np.asarray(x).ravel()]


def run(name, options, loss, embeddings, targets):
    x = torch.tensor(embeddings, dtype=torch.float64, requires_grad=True)
    t = torch.tensor(targets, dtype=torch.float64)
    value = loss(x, t)
    (gradient,) = torch.autograd.grad(value, [x])
    return {
        "loss": name,
        "options": options,
        "value": numbers(value.detach())[0],
        "gradient": numbers(gradient),
    }


def main():
    rng = np.random.default_rng(9)
    embeddings, targets = rng.normal(size=(2, ROWS, DIM)).astype(np.float32)
    golden = {
        "made_with": {
            "script": "testdata/golden/torch_targets.py",
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
        "tolerance": {
            "relative": 1e-5,
            "why": "float32 here, float64 there; of a gradient, relative to its largest element",
        },
        "embeddings": [float(str(v)) for v in embeddings.ravel()],
        "targets": [float(str(v)) for v in targets.ravel()],
        "cases": [run(*c, embeddings, targets) for c in CASES],
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_targets.json")
    with open(path, "w", encoding="utf-8") as f:
        f.write("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items()))
        f.write("\n}\n")


if __name__ == "__main__":
    main()
