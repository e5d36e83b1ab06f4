"""A model that tfpair exported and what Go makes of it, in the current folder: model/1, the same in the
trainable form in trainable/1, expected.json, and the pixels of pairs in left.rgb and right.rgb.
"""

import json
import sys
from pathlib import Path

import numpy as np

MODEL = "model/1"
TRAINABLE = "trainable/1"
TOLERANCE = 1e-5  # of an embedding e, as a share of max(1, |e|): kernels sum in other orders
OTHER_FORM = 1e-4  # the same between the two forms: folded weights are rounded once more


def require(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def close(got, want, what, tolerance=TOLERANCE):
    """Requires that the rows of got are those of want."""
    got, want = np.asarray(got), np.asarray(want, np.float32)
    require(got.shape == want.shape, f"{what}: shape {got.shape}, want {want.shape}")
    norm = np.linalg.norm(want.reshape(len(want), -1), axis=1)
    allowed = tolerance * np.maximum(1, norm)
    difference = np.abs(got - want).reshape(len(want), -1).max(axis=1)
    worst = int(np.argmax(difference / allowed))
    require(
        np.all(difference <= allowed),
        f"{what}: row {worst} differs by {difference[worst]:.3g}, {allowed[worst]:.3g} is allowed",
    )
    print(f"{what}: {len(want)} equal, largest difference {difference.max():.2g}")


class Case:
    """What Go made of some pairs and photos."""

    def __init__(self):
        self.expected = json.loads(Path("expected.json").read_text())
        self.pairs = self.expected["pairs"]
        size = self.expected["size"]
        self.left, self.right = (
            np.fromfile(f"{side}.rgb", np.uint8).reshape(-1, size, size, 3)
            for side in ("left", "right")
        )
        self.scores = ["distance", "same"]
        if self.expected["probable"]:
            self.scores.append("probability")

    def column(self, name):
        return np.array([pair[name] for pair in self.pairs])

    def compare(self, answer, who):
        """Requires that answer, a dictionary of scores, is Go's."""
        keys = sorted(answer)
        require(keys == sorted(self.scores), f"{who}: keys {keys}, want {self.scores}")
        require(np.array_equal(answer["same"], self.column("same")), f"{who}: same differs")
        for name in self.scores:
            if name != "same":
                close(answer[name], self.column(name), f"{who}: {name}")
