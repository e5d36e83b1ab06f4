"""Writes ResNet50 as Keras saves it, random weights and all, and what Keras computes with it.

    weights_keras.py CASE

CASE is a folder, see weights.py.
"""

import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from keras.applications import resnet

import weights


def spread(model):
    """Draws what Keras starts at 0 and 1 from around there: no layer may be left out unseen."""
    for layer in model.layers:
        for w in layer.weights:
            u = weights.uniform(f"{layer.name}/{w.name}", int(np.prod(w.shape)))
            if w.name in ("gamma", "moving_variance"):
                w.assign(1 + u / 4)
            elif w.name != "kernel":
                w.assign(u / 10)


def with_top(model):
    """The same network with random classes on top."""
    top = resnet.ResNet50(weights=None)
    for layer in model.layers:
        if layer.weights:
            top.get_layer(layer.name).set_weights(layer.get_weights())
    return top


def keras2(model):
    old = tf_keras.applications.ResNet50(weights=None, include_top=False, pooling="avg")
    for layer in model.layers:
        if layer.weights:
            old.get_layer(layer.name).set_weights(layer.get_weights())
    return old


def gradients(model, pixels):
    """The gradients of a step that leaves batch norm alone, by tfpair's keys; in gradients.f32."""
    variables = {f"{layer.name}/{w.name}": w.value for layer in model.layers for w in layer.trainable_weights
                 if w.name != "bias"}
    with tf.GradientTape() as tape:
        features = model(pixels, training=False)
        w = weights.uniform("w", 2 * features.shape[1]).reshape(features.shape).astype(np.float32)
        loss = tf.reduce_sum(features * w)
    with open("gradients.f32", "wb") as f:
        for g in tape.gradient(loss, list(variables.values())):
            g.numpy().astype(np.float32).tofile(f)
    return features, list(variables)


def main(folder):
    os.chdir(folder)
    keras.utils.set_random_seed(0)
    pixels = resnet.preprocess_input(weights.images().astype(np.float32))
    model = resnet.ResNet50(weights=None, include_top=False, pooling="avg")
    spread(model)
    features, keys = gradients(model, pixels)
    model.save_weights("keras3.weights.h5")
    model.save("keras3.keras")
    with_top(model).save("keras3_top.h5")
    old = keras2(model)
    old.save_weights("keras2.h5")
    old.save("keras2.keras")
    files = ["keras3.weights.h5", "keras3.keras", "keras3_top.h5", "keras2.h5", "keras2.keras"]
    made_with = {"keras": keras.__version__, "tf_keras": tf_keras.__version__, "tensorflow": tf.__version__}
    weights.write(made_with, [{"files": files, "options": {}, "features": weights.flat(features),
                               "gradients": keys}])


if __name__ == "__main__":
    main(*sys.argv[1:])
