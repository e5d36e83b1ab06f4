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


def conv_norm(x, filters, kernel, stride=1):
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def smallresnet(x, depth=14, width=2, dropout=0):
    x = layers.ReLU()(conv_norm(x, 16 * width, 3))
    for stage in range(3):
        for block in range((depth - 2) // 6):
            filters, stride = 16 * width << stage, 2 if stage > 0 and block == 0 else 1
            y = layers.ReLU()(conv_norm(x, filters, 3, stride))
            y = conv_norm(layers.Dropout(dropout)(y), filters, 3)
            if stride > 1 or x.shape[-1] != filters:
                x = conv_norm(x, filters, 1, stride)
            x = layers.ReLU()(layers.Add()([x, y]))
    return layers.GlobalAveragePooling2D()(x)


def resnet50(x, **_):
    """Keras' own, less the biases of its convolutions: ours have none."""
    return keras.applications.ResNet50(weights=None, include_top=False, pooling="avg")(x)


def efficientnet_lite0(x, **_):
    x = layers.ReLU(6)(conv_norm(x, 32, 3, 2))
    for blocks, kernel, stride, expand, filters in [
            (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
            (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]:
        for i in range(blocks):
            y = layers.ReLU(6)(conv_norm(x, expand * x.shape[-1], 1)) if expand > 1 else x
            y = layers.DepthwiseConv2D(kernel, stride if i == 0 else 1, padding="same", use_bias=False)(y)
            y = conv_norm(layers.ReLU(6)(layers.BatchNormalization()(y)), filters, 1)
            x = layers.Add()([x, y]) if i > 0 else y
    return layers.GlobalAveragePooling2D()(layers.ReLU(6)(conv_norm(x, 1280, 1)))


CASES = [
    (smallconv, {}, 64),
    (smallconv, {"filters": [4, 8, 16], "kernel": 5, "dense": 7}, 50),
    (conv4, {}, 28),
    (conv4, {}, 84),
    (conv4, {"filters": 32, "pool": "average"}, 42),
    (smallresnet, {}, 28),
    (smallresnet, {"depth": 20, "width": 1, "dropout": 0.1}, 32),
    (resnet50, {}, 64),
    (resnet50, {"stride_on": "3x3", "preprocess": "torch"}, 64),
    (efficientnet_lite0, {}, 64),
]


def count(build, options, size):
    x = keras.Input((size, size, 3))
    model = keras.Model(x, build(x, **options))
    number = lambda weights: sum(math.prod(w.shape) for w in weights)
    biases = [w for w in model.trainable_weights if build is resnet50 and w.name == "bias"]
    return {"name": build.__name__.replace("_", "-"), "options": options, "size": size,
            "features": int(model.output.shape[1]), "trained": number(model.trainable_weights) - number(biases),
            "untrained": number(model.non_trainable_weights)}


def main():
    golden = {"made_with": {"keras": keras.__version__, "tensorflow": tf.__version__},
              "networks": [count(*case) for case in CASES]}
    with open(os.path.splitext(os.path.abspath(__file__))[0] + ".json", "w") as f:
        json.dump(golden, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
