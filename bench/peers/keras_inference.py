"""Keras' side of the benchmark inference: embeddings of images of noise, on request.

    keras_inference.py NETWORK N

NETWORK is resnet50, that of Keras Applications, or program1. A step is one call of a tf.function
with N images; the protocol is that of command step in serve.py.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import sys

import keras_resnet
import keras_siamese
import protocol
import serve
import tensorflow as tf

NETWORKS = {
    "program1": (keras_siamese.build_tower, protocol.SIZE),
    "resnet50": (keras_resnet.build_tower, protocol.LARGE),
}


def main(network, batch):
    build, size = NETWORKS[network]
    tower = build()
    images = tf.constant(protocol.noise(int(batch), size))
    embed = tf.function(lambda x: tower(x, training=False))
    serve.serve_steps(lambda: embed(images).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
