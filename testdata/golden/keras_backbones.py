"""Writes keras_backbones.json: how many parameters Keras counts in the layers of our backbones.

    pip install -r bench/requirements-keras.txt
    python testdata/golden/keras_backbones.py            # overwrites the file beside this script

    made_with    versions of the frameworks
    networks     list; name and options as in tfpair's spec, size of the input, features (F),
                 trained and untrained parameters
"""

import json
import math
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import tensorflow as tf
from keras import layers


def smallconv(x, filters=(32, 64), kernel=3, dense=128):
    for f in filters:
        x = layers.Conv2D(f, kernel, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    return layers.Dense(dense)(layers.Flatten()(x))


def conv4(x, filters=64, pool="flatten"):
    for _ in range(4):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.MaxPooling2D(2)(layers.ReLU()(layers.BatchNormalization()(x)))
    return layers.Flatten()(x) if pool == "flatten" else layers.GlobalAveragePooling2D()(x)


CASES = [
    (smallconv, {}, 64),
    (smallconv, {"filters": [4, 8, 16], "kernel": 5, "dense": 7}, 50),
    (conv4, {}, 28),
    (conv4, {}, 84),
    (conv4, {"filters": 32, "pool": "average"}, 42),
]


def count(build, options, size):
    x = keras.Input((size, size, 3))
    model = keras.Model(x, build(x, **options))
    number = lambda weights: sum(math.prod(w.shape) for w in weights)
    return {"name": build.__name__, "options": options, "size": size,
            "features": int(model.output.shape[1]), "trained": number(model.trainable_weights),
            "untrained": number(model.non_trainable_weights)}


def main():
    golden = {"made_with": {"keras": keras.__version__, "tensorflow": tf.__version__},
              "networks": [count(*case) for case in CASES]}
    with open(os.path.splitext(os.path.abspath(__file__))[0] + ".json", "w") as f:
        json.dump(golden, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
