"""What the peers share: the data and the numbers of the comparison, without any framework.

Images are uint8 RGB [N,64,64,3]; pairs are (left, right, same), rows of images and 0 or 1.
"""

import csv
import io
import time
import zipfile

import numpy as np
from PIL import Image

SIZE, BATCH = 64, 32
VAL_SHARE, VAL_PAIRS = 0.1, 2500  # of each class; of either kind


def since_start():
    """Seconds since this process was started, the interpreter and imports included (Linux)."""
    with open("/proc/self/stat", encoding="ascii") as f:
        ticks = int(f.read().rsplit(")", 1)[1].split()[19])  # starttime, field 22 of proc(5)
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / 100  # USER_HZ is 100 on Linux


def read_images(archive, names):
    """Reads names from a zip, each squashed to SIZE x SIZE with Pillow's bilinear filter."""
    images = np.empty((len(names), SIZE, SIZE, 3), np.uint8)
    with zipfile.ZipFile(archive) as z:
        for i, name in enumerate(names):
            with Image.open(io.BytesIO(z.read(name))) as image:
                images[i] = image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR)
    return images


class Split:
    """Images of one part of the data, and the rows of each class."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        self.rows = [np.flatnonzero(labels == k) for k in np.unique(labels)]


def read_train(archive, seed):
    """Returns the training and the validation part of train/CLASS/*.png, split class by class."""
    with zipfile.ZipFile(archive) as z:
        names = [n for n in z.namelist() if n.startswith("train/") and n.endswith(".png")]
    labels = np.array([int(n.split("/")[1]) for n in names])
    images = read_images(archive, names)
    rng = np.random.default_rng(seed)
    held_out = np.zeros(len(names), bool)
    for k in np.unique(labels):
        rows = np.flatnonzero(labels == k)
        held_out[rng.permutation(rows)[: round(VAL_SHARE * len(rows))]] = True
    return tuple(Split(images[m], labels[m]) for m in (~held_out, held_out))


def draw_pairs(split, batches, batch, rng):
    """Draws batches*batch pairs, half of each batch same: a class uniformly, then its images."""
    n, classes = batches * batch, len(split.rows)
    same = np.tile(np.arange(batch) % 2, batches)
    first = rng.integers(0, classes, n)
    second = np.where(same == 1, first, (first + rng.integers(1, classes, n)) % classes)
    sizes = np.array([len(r) for r in split.rows])
    a = rng.integers(0, sizes[first])
    b = rng.integers(0, sizes[second] - same)
    b += (same == 1) & (b >= a)  # never an image with itself
    left = np.array([split.rows[k][i] for k, i in zip(first, a)], np.int32)
    right = np.array([split.rows[k][i] for k, i in zip(second, b)], np.int32)
    return left, right, same.astype(np.float32)


def val_pairs(split, seed):
    return draw_pairs(split, 1, 2 * VAL_PAIRS, np.random.default_rng([seed, 1]))


def read_test(archive, pairs):
    """Returns the distinct images of a pairs file, and the pairs as rows of them."""
    with open(pairs, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    names = sorted({r[side] for r in rows for side in ("left", "right")})
    row = {name: i for i, name in enumerate(names)}
    left, right = (np.array([row[r[side]] for r in rows], np.int32) for side in ("left", "right"))
    return read_images(archive, names), (left, right, np.array([float(r["same"]) for r in rows]))


def auc(score, same):
    """Area under the ROC curve of scores, larger = same; a tie counts half."""
    order = np.argsort(score, kind="stable")
    _, start, count = np.unique(score[order], return_index=True, return_counts=True)
    rank = np.empty(len(score))
    rank[order] = np.repeat(start + (count + 1) / 2, count)
    positive = same == 1
    m, n = positive.sum(), (~positive).sum()
    return float((rank[positive].sum() - m * (m + 1) / 2) / (m * n))


def best_threshold(score, same):
    """Returns the threshold of best accuracy, score >= threshold being same, and that accuracy."""
    values, at = np.unique(score, return_inverse=True)
    positives = np.bincount(at, weights=same, minlength=len(values))
    negatives = np.bincount(at, weights=1 - same, minlength=len(values))
    # Cut before value i: positives from i on and negatives before i are right.
    right = np.append(np.cumsum(positives[::-1])[::-1], 0)
    right += np.insert(np.cumsum(negatives), 0, 0)
    i = int(np.argmax(right))
    edges = np.concatenate([[values[0] - 1], (values[:-1] + values[1:]) / 2, [values[-1] + 1]])
    return float(edges[i]), float(right[i] / len(same))


def accuracy(score, same, threshold):
    return float(np.mean((score >= threshold) == (same == 1)))


def distances(embeddings, left, right):
    """sqrt(max(sum((a-b)^2), 1e-7)) of each pair, as program 1 has it."""
    square = np.square(embeddings[left] - embeddings[right]).sum(axis=1)
    return np.sqrt(np.maximum(square, 1e-7))


def step_batch():
    """The batch of the step comparison: BATCH pairs of noise; no step skips work for any pixels."""
    rng = np.random.default_rng(0)
    left, right = rng.integers(0, 256, (2, BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    return left, right, (np.arange(BATCH) % 2).astype(np.float32)


TRIPLET_MARGIN = 1.0  # wanted gap of squared distances, as program 2 has it


def triplet_batch():
    """The batch of the step comparison of program 2: BATCH triplets of noise, no image twice, as
    anchors, positives and negatives. The loss is the mean of max(0, ap - an + TRIPLET_MARGIN), ap
    and an squared Euclidean distances."""
    return np.random.default_rng(0).integers(0, 256, (3, BATCH, SIZE, SIZE, 3), dtype=np.uint8)


LARGE, FEW = 224, 8  # side and number of the images of a step of ResNet50
MARGIN = 1.0  # of its loss, as tfpair's contrastive has it


def large_batch():
    """The batch of the ResNet50 comparison: FEW images of noise, of which rows 0 and 1, 2 and 3, …
    are pairs, and whether each is same. The loss is the mean over pairs of same·d² +
    (1-same)·max(0, MARGIN-d)², d the Euclidean distance of features averaged over pixels."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (FEW, LARGE, LARGE, 3), dtype=np.uint8)
    return images, (np.arange(FEW // 2) % 2).astype(np.float32)


def noise(n, size):
    """n images of noise [N,S,S,3]."""
    return np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def extract_batch():
    """The batch of the extraction comparison: 32 images of noise."""
    return noise(32, LARGE)
