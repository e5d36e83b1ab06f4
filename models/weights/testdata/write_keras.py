"""Writes the files of Keras beside this script: one small network in every layout that Keras' versions have.

    pip install -r bench/requirements-proof-keras.txt
    python models/weights/testdata/write_keras.py

    keras2.h5                  Keras 2, save_weights: /layer/layer/kernel:0
    keras2_model.h5            Keras 2, save: the same below /model_weights, an optimizer beside it
    keras2.keras               Keras 2.12 and later, save: a zip file whose model.weights.h5 is as that of
                               early versions of Keras 3, /layers/conv2d_1/vars/0 without names
    keras3.weights.h5          Keras 3, save_weights: /layers/conv2d_1/vars/0, the group vars has a name
    keras3_model.h5            Keras 3, save to .h5: as Keras 2, without :0
    keras3.keras               Keras 3, save: a zip file with model.weights.h5
    keras3_bfloat16.weights.h5 weights of two bytes
    keras1.h5                  the names of fchollet/deep-learning-models 0.2, below it one dataset each
    nested.weights.h5          the network is a layer of another

Element i of a weight is i/8 - 1, of a variance 1 + i/8, plus its place in the order of layers: exact in
every type. The network has the names and the order of ResNet50's layers, 7 of them, and the classifier.
"""

import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import numpy as np

LAYERS = {"conv1_conv": (3, 3), "conv1_bn": None, "conv2_block1_1_conv": (1, 2), "conv2_block1_1_bn": None,
          "conv2_block1_0_conv": (1, 2), "conv2_block1_0_bn": None}


def network(keras, dtype=None, top=True):
    """A stem, a block with a convolution in its shortcut, and a classifier."""
    layers = keras.layers

    def conv_norm(x, name):
        kernel, filters = LAYERS[name + "_conv"]
        x = layers.Conv2D(filters, kernel, name=name + "_conv", dtype=dtype)(x)
        return layers.BatchNormalization(epsilon=1.001e-5, name=name + "_bn", dtype=dtype)(x)

    x = inputs = keras.Input((8, 8, 3))
    x = layers.ReLU(name="conv1_relu")(conv_norm(x, "conv1"))
    y = layers.Dropout(0.1, seed=1, name="dropout")(conv_norm(x, "conv2_block1_1"))
    x = layers.Add(name="conv2_block1_add")([conv_norm(x, "conv2_block1_0"), y])
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dense(2, name="predictions", dtype=dtype)(x) if top else x
    model = keras.Model(inputs, x)
    for place, layer in enumerate(model.layers):
        layer.set_weights([fill(w, place) for w in layer.weights if "seed" not in w.name] +
                          [np.asarray(w) for w in layer.weights if "seed" in w.name])
    return model


def fill(weight, place):
    first = 1 if "variance" in weight.name else -1
    return (np.arange(np.prod(weight.shape)) / 8 + first + place).reshape(weight.shape).astype(np.float32)


def train(keras, model):
    """Gives an optimizer something to save, and leaves the weights as they are."""
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def main(folder):
    import keras
    import tf_keras
    os.chdir(folder)
    model = train(tf_keras, network(tf_keras))
    model.save("keras2_model.h5")
    model.save("keras2.keras")
    network(tf_keras, top=False).save_weights("keras2.h5")
    model = train(keras, network(keras))
    model.save_weights("keras3.weights.h5")
    model.save("keras3.keras")
    model.save("keras3_model.h5")
    network(keras, "bfloat16", top=False).save_weights("keras3_bfloat16.weights.h5")
    inputs = keras.Input((8, 8, 3))
    outer = keras.Model(inputs, keras.layers.Dense(1, name="own")(network(keras, top=False)(inputs)))
    outer.save_weights("nested.weights.h5")
    with h5py.File("keras1.h5", "w") as f:
        for layer, names in {"conv1": ["W", "b"], "bn_conv1": ["gamma", "beta", "running_mean", "running_std"],
                             "res2a_branch2a": ["W", "b"]}.items():
            for name in names:
                f.create_dataset(f"{layer}/{layer}_{name}:0", data=np.ones(2, np.float32))
    print(f"keras {keras.__version__}, tf_keras {tf_keras.__version__}, h5py {h5py.__version__}")


if __name__ == "__main__":
    main(os.path.dirname(os.path.abspath(sys.argv[0])))
