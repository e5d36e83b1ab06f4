"""Makes pml_losses.json: the losses of pytorch-metric-learning on stored random embeddings.

Values and gradients are computed in float64 from inputs that are float32, so that all of a
difference is ours. Run it in an environment with torch, pytorch-metric-learning and numpy; the
versions that made the file are in it. graphs/loss reads the file.
"""

import json
import math
import os
import sys

import numpy as np
import pytorch_metric_learning as pml
import torch
from pytorch_metric_learning import distances, losses, reducers

DIM = 6
LABELS = [3, 0, 1, 0, 2, 1, 0, 4, 2, 2, 1, 3, 0, 1]  # class 4 has one image
CLASSES = 6  # class 5 has none


class SquaredContrastive(losses.ContrastiveLoss):
    """Hadsell 2006: d^2 for same pairs, max(0, m-d)^2 for different ones; here one mean over all."""

    def pos_calc(self, d, margin):
        return torch.square(d)

    def neg_calc(self, d, margin):
        return torch.square(torch.relu(margin - d))

    def forward(self, embeddings, labels):
        parts = self.compute_loss(embeddings, labels, None, embeddings, labels)
        return torch.cat([parts[k]["losses"] for k in ("pos_loss", "neg_loss")]).mean()


def squared():
    return distances.LpDistance(normalize_embeddings=False, p=2, power=2)


def cases():
    """Returns (loss, options, the loss of pytorch-metric-learning, its vectors or None)."""
    plain = distances.LpDistance(normalize_embeddings=False, p=2, power=1)
    mean = {"reducer": reducers.MeanReducer()}
    arc = losses.ArcFaceLoss(CLASSES, DIM, margin=math.degrees(0.5), scale=64)
    proxy = losses.ProxyAnchorLoss(CLASSES, DIM, margin=0.1, alpha=32)
    one = losses.NTXentLoss(temperature=0.1)
    dot = distances.DotProductSimilarity(normalize_embeddings=False)
    return [
        (
            "contrastive",
            {"margin": 2},
            SquaredContrastive(neg_margin=2, distance=plain),
            None,
        ),
        (
            "triplet",
            {"margin": 1},
            losses.TripletMarginLoss(margin=1, distance=squared(), **mean),
            None,
        ),
        (
            "triplet",
            {"margin": 1, "reduction": "nonzero"},
            losses.TripletMarginLoss(margin=1, distance=squared()),
            None,
        ),
        (
            "triplet",
            {"soft": True},
            losses.TripletMarginLoss(margin=0, smooth_loss=True, distance=squared(), **mean),
            None,
        ),
        ("npair", {"l2": 0}, losses.NPairsLoss(distance=dot), None),
        ("infonce", {}, one, None),
        ("infonce", {"temperature": 0.5}, losses.NTXentLoss(temperature=0.5), None),
        ("supcon", {}, losses.SupConLoss(temperature=0.1), None),
        ("supcon", {"temperature": 0.5}, losses.SupConLoss(temperature=0.5), None),
        ("multisimilarity", {}, losses.MultiSimilarityLoss(alpha=2, beta=50, base=0.5), None),
        ("circle", {}, losses.CircleLoss(m=0.4, gamma=80), None),
        ("circle", {"margin": 0.25, "scale": 32}, losses.CircleLoss(m=0.25, gamma=32), None),
        ("proxyanchor", {"classes": CLASSES}, proxy, "proxies"),
        ("arcface", {"classes": CLASSES}, arc, "classes"),
    ]


def numbers(x):
    """Enough digits that float64 reads back to within a millionth of a millionth."""
    return [float(f"{v:.12g}") for v in np.asarray(x).ravel()]


def run(case, embeddings, vectors, labels):
    name, options, loss, learned = case
    x = torch.tensor(embeddings, dtype=torch.float64, requires_grad=True)
    parameters = {"embeddings": x}
    if learned:
        # ArcFace keeps its vectors as columns.
        own = loss.W if learned == "classes" else loss.proxies
        own.data = torch.tensor(
            vectors.T if learned == "classes" else vectors, dtype=torch.float64
        ).contiguous()
        parameters[learned] = own
    value = loss(x, labels)
    gradients = dict(zip(parameters, torch.autograd.grad(value, list(parameters.values()))))
    if learned == "classes":
        gradients[learned] = gradients[learned].T
    return {
        "loss": name,
        "options": options,
        "value": numbers(value.detach())[0],
        "gradients": {k: numbers(g) for k, g in gradients.items()},
    }


def crossbatch(rng):
    """Returns the losses of four batches under a memory; PML's holds the batch as well."""
    size, labels = 10, [[0, 1, 2, 0, 1, 2], [3, 1, 0, 3, 0, 1], [2, 3, 2, 0, 1, 1], [0, 0, 3, 3, 2, 1]]
    batches = rng.normal(size=(len(labels), len(labels[0]), DIM)).astype(np.float32)
    memory = losses.CrossBatchMemory(
        losses.SupConLoss(temperature=0.1), DIM, memory_size=size + len(labels[0])
    )
    values = [
        memory(torch.tensor(b, dtype=torch.float64), torch.tensor(n))
        for b, n in zip(batches, labels)
    ]
    return {
        "loss": "supcon",
        "size": size,
        "labels": labels,
        "batches": [[float(str(v)) for v in b.ravel()] for b in batches],
        "values": numbers(torch.stack(values)),
    }


def main():
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(CLASSES, DIM))
    embeddings = (0.7 * centres[LABELS] + rng.normal(size=(len(LABELS), DIM))).astype(np.float32)
    vectors = rng.normal(size=(CLASSES, DIM)).astype(np.float32)
    labels = torch.tensor(LABELS)
    golden = {
        "made_with": {
            "script": "testdata/golden/pml_losses.py",
            "pytorch-metric-learning": pml.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
        "tolerance": {
            "relative": 1e-5,
            "why": "float32 here, float64 there; of a gradient, relative to its largest element",
        },
        "dim": DIM,
        "labels": LABELS,
        "embeddings": [float(str(v)) for v in embeddings.ravel()],
        "vectors": [float(str(v)) for v in vectors.ravel()],
        "crossbatch": crossbatch(np.random.default_rng(8)),
        "cases": [run(c, embeddings, vectors, labels) for c in cases()],
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pml_losses.json")
    with open(path, "w", encoding="utf-8") as f:
        lines = [
            f"{json.dumps(k)}: {json.dumps(v) if k != 'cases' else rows(v)}"
            for k, v in golden.items()
        ]
        f.write("{\n" + ",\n".join(lines) + "\n}\n")


def rows(cases):
    return "[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]"


if __name__ == "__main__":
    main()
