"""A siamese network in Keras on the classes of a folder: contrastive loss on all pairs of a batch.

docs/from-keras.md shows it beside tfpair. Usage: from_keras.py PICTURES SEED VECTORS.csv
"""

import glob
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
import keras
import numpy as np
from keras import layers, ops


def read(data, part):
    paths = sorted(glob.glob(f"{data}/{part}/*/*.png"))
    images = np.stack([np.asarray(keras.utils.load_img(p)) for p in paths])
    classes = np.unique([p.split("/")[-2] for p in paths], return_inverse=True)[1]
    return paths, images, classes


def batches(images, classes, seed):
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(classes == c) for c in range(10)]
    while True:
        drawn = np.concatenate([rng.choice(r, 6, replace=False) for r in rows])
        yield images[drawn], classes[drawn]


def contrastive(classes, emb, margin=1.0):
    left, right = np.triu_indices(60, 1)
    square = ops.sum(ops.square(ops.take(emb, left, 0) - ops.take(emb, right, 0)), 1)
    distance = ops.sqrt(ops.maximum(square, 1e-7))
    classes = ops.reshape(classes, [-1])
    same = ops.cast(ops.take(classes, left) == ops.take(classes, right), "float32")
    push = ops.square(ops.relu(margin - distance))
    return ops.mean(same * ops.square(distance) + (1 - same) * push)


def build():
    tower = keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128),
        ]
    )
    tower.compile(optimizer=keras.optimizers.Adam(0.001), loss=contrastive)
    return tower


def main(data, seed, out):
    keras.utils.set_random_seed(seed)
    _, images, classes = read(data, "train")
    kept = np.arange(len(images)) % 10 != 0  # a tenth chooses the threshold in tfpair
    tower = build()
    tower.fit(batches(images[kept], classes[kept], seed), steps_per_epoch=200, verbose=0)

    paths, images, _ = read(data, "test")
    with open(out, "w", encoding="utf-8") as f:
        for path, e in zip(paths, tower.predict(images, verbose=0)):
            f.write(",".join([path, *map(repr, e.tolist())]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
