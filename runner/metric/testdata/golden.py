"""Writes golden.json beside this file: metrics of pairs as scikit-learn computes them.

    pip install scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
    python golden.py

A case holds distances (float32, smaller = closer), same (1 = positive) and weights
(how often each pair counts). scikit-learn takes larger scores as positive: it gets
the negated distance.
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import (accuracy_score, average_precision_score, f1_score,
                             roc_auc_score, roc_curve)


def equal_error_rate(same, distance, weight):
    far, recall, _ = roc_curve(same, -distance, sample_weight=weight, drop_intermediate=False)
    # A vertical step has two recalls at one FAR: follow the curve by its length instead.
    along = interp1d(far + recall, far - (1 - recall))
    at = brentq(along, 0, 2, xtol=1e-14)
    return float(np.interp(at, far + recall, far))


def case(name, distance, same, weight, threshold):
    distance = np.asarray(distance, np.float32)
    accepted = distance <= threshold
    by = {"sample_weight": weight}
    cuts = [-np.inf, *np.unique(distance)]
    return {
        "name": name,
        "distance": [float(d) for d in distance],
        "same": [int(s) for s in same],
        "weight": [int(w) for w in weight],
        "threshold": threshold,
        "metrics": {
            "auc": float(roc_auc_score(same, -distance, **by)),
            "average_precision": float(average_precision_score(same, -distance, **by)),
            "eer": equal_error_rate(same, distance, weight),
            "accuracy": float(accuracy_score(same, accepted, **by)),
            "f1": float(f1_score(same, accepted, **by)),
        },
        "best_accuracy": float(max(accuracy_score(same, distance <= c, **by) for c in cuts)),
    }


def main():
    rng = np.random.default_rng(7)
    cases = []
    for name, size, share, digits in [
        ("distinct", 60, 0.5, 9),
        ("ties", 60, 0.5, 1),
        ("few positives", 80, 0.1, 9),
        ("few negatives, ties", 80, 0.9, 1),
    ]:
        same = (rng.random(size) < share).astype(int)
        distance = np.round(rng.gamma(4, 0.25, size) + 0.5 * (1 - same), digits)
        cases.append(case(name, distance, same, np.ones(size, int), 1.25))
        cases.append(case(name + ", weighted", distance, same, rng.poisson(1, size), 1.25))
    cases.append(case("separated", [0.25, 0.5, 1, 2], [1, 1, 0, 0], [1, 1, 1, 1], 0.75))
    cases.append(case("reversed", [0.25, 0.5, 1, 2], [0, 0, 1, 1], [1, 1, 1, 1], 0.75))
    cases.append(case("all equal", [1, 1, 1, 1, 1], [1, 0, 1, 0, 0], [1] * 5, 1.0))
    versions = {m.__name__: m.__version__ for m in (np, scipy, sklearn)}
    path = pathlib.Path(__file__).with_name("golden.json")
    path.write_text(json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n")


main()
