"""Prints what pytorch-metric-learning's AccuracyCalculator says of files of embeddings, each searched in itself.

Usage: accuracy.py VECTORS.csv...; measure.py says how they are read. Embeddings are compared by cosine.
"""

import json
import sys

import numpy as np
import torch
from measure import read
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

names = ("precision_at_1", "r_precision", "mean_average_precision_at_r")
calculator = AccuracyCalculator(include=names, k="max_bin_count", device=torch.device("cpu"))
for path in sys.argv[1:]:
    emb, classes = read(path)
    emb /= np.linalg.norm(emb, axis=1, keepdims=True)
    _, labels = np.unique(classes, return_inverse=True)
    said = calculator.get_accuracy(torch.tensor(emb, dtype=torch.float32), torch.tensor(labels))
    print(json.dumps({name: said[name] for name in names}))
