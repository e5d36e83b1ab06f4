"""Prints recall@1 and the AUC of all pairs of files of embeddings: path, numbers.

Usage: measure.py euclidean|cosine VECTORS.csv...; a class is the folder that a path is in.
"""

import csv
import json
import sys

import numpy as np


def read(path):
    """Returns embeddings and classes; tfpair's files have a header and a column more."""
    with open(path, encoding="utf-8") as f:
        rows = list(csv.reader(f))
    skip = 0
    if rows[0][0] == "path":
        skip = rows[0].index("e0") - 1
        rows = rows[1:]
    return np.array([r[1 + skip :] for r in rows], np.float64), np.array([r[0].split("/")[-2] for r in rows])


for path in sys.argv[2:]:
    emb, classes = read(path)
    if sys.argv[1] == "cosine":
        emb = emb / np.linalg.norm(emb, axis=1, keepdims=True)
    square = (emb**2).sum(1)[:, None] + (emb**2).sum(1) - 2 * emb @ emb.T
    np.fill_diagonal(square, np.inf)
    recall = np.mean(classes[square.argmin(1)] == classes)
    left, right = np.triu_indices(len(emb), 1)
    same, d = classes[left] == classes[right], square[left, right]
    rank = d.argsort().argsort()  # an AUC is a sum of ranks; equal distances do not occur
    n, m = (~same).sum(), same.sum()
    auc = (rank[~same].sum() - n * (n - 1) / 2) / n / m
    print(json.dumps({"images": len(emb), "recall": recall, "auc": auc}))
