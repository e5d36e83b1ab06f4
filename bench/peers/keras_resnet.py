"""Training steps of ResNet50 in Keras, as its users write them: Keras Applications, train_on_batch.

The protocol is that of command step in serve.py; the loss is told in protocol.py.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import protocol
import serve
import tensorflow as tf

EPSILON = 1e-7


def contrastive(same, features):
    """The loss of the pairs that rows 0 and 1, 2 and 3, … of features are; same is [N,1]."""
    ops = keras.ops
    left, right, same = features[0::2], features[1::2], same[0::2, 0]
    square = ops.sum(ops.square(left - right), axis=1)
    distance = ops.sqrt(ops.maximum(square, EPSILON))
    apart = ops.square(ops.maximum(protocol.MARGIN - distance, 0.0))
    return ops.mean(same * ops.square(distance) + (1 - same) * apart)


def build_tower():
    """Returns the network: images uint8 [N,224,224,3] -> features [N,2048]."""
    images = keras.Input((protocol.LARGE, protocol.LARGE, 3), dtype="uint8")
    x = keras.ops.cast(images, "float32")
    x = keras.applications.resnet50.preprocess_input(x)
    tower = keras.applications.ResNet50(
        weights=None, include_top=False, pooling="avg", input_tensor=x
    )
    return keras.Model(images, tower.output)


def build():
    model = build_tower()
    model.compile(optimizer="adam", loss=contrastive)
    return model


def main():
    keras.utils.set_random_seed(0)
    model = build()
    images, same = protocol.large_batch()
    serve.serve_steps(
        lambda: model.train_on_batch(images, same.repeat(2)[:, None]),
        peer="keras",
        versions={"keras": keras.__version__, "tensorflow": tf.__version__},
    )


if __name__ == "__main__":
    main()
