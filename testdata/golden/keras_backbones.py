"""Writes keras_backbones.json: parameters and features of our backbones, as Keras has them.

    pip install -r bench/requirements-keras.txt
    python testdata/golden/keras_backbones.py            # overwrites the file beside this script

    made_with    versions of the frameworks
    networks     list; name and options as in tfpair's spec, size of the input, features (F),
                 trained and untrained parameters
    parity       list; name, options, size of the input, and
      features     [2,F] in inference
      trained      [2,F] in training, with the statistics of the batch
      gradients    of Σ w·trained, in training, by the keys of some variables
                 each as at most 40 of its numbers, see some

Both sides compute weights, images and w from their keys, so that none are stored.
"""

import base64
import json
import math
import os
import zlib

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from keras.applications import imagenet_utils


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


# The keys of weights, in the order in which Keras' layers list them.
WEIGHTS = {layers.Conv2D: ["kernel", "bias"], layers.DepthwiseConv2D: ["kernel"],
           layers.BatchNormalization: ["gamma", "beta", "moving_mean", "moving_variance"]}


def uniform(key, n):
    """n numbers in [-1,1), from a hash of key and index that any language computes alike."""
    h = (np.arange(n, dtype=np.uint64) + np.uint64(zlib.crc32(key.encode()))) & np.uint64(0xFFFFFFFF)
    for factor, shift in ((2654435761, 15), (2246822519, 13)):
        h = (h * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
        h ^= h >> np.uint64(shift)
    return h.astype(np.float64) / 2**31 - 1


def fill(key, shape):
    """He-uniform kernels, scales and variances around 1, shifts and means around 0."""
    u = uniform(key, math.prod(shape)).reshape(shape)
    kind = key.rsplit("/", 1)[1]
    if kind == "kernel":
        return u * math.sqrt(6 / math.prod(shape[:2] if shape[3] == 1 else shape[:3]))
    return {"gamma": 1 + u / 5, "moving_variance": 1 + u / 2}.get(kind, u / 5)


def some(values):
    values = np.asarray(values).reshape(-1)
    return [float(str(v)) for v in values[::max(1, len(values) // 40)][:40]]


def parity(build, options, size, of):
    x = keras.Input((size, size, 3))
    preprocess, y = build(x, **options)
    model = keras.Model(x, y)
    variables = {}
    for layer in model.layers:
        for kind, w in zip(WEIGHTS.get(type(layer), []), layer.weights):
            key = layer.name.replace(".", "/") + "/" + kind
            w.assign(np.zeros(w.shape) if kind == "bias" else fill(key, w.shape))
            variables[key] = w.value
    images = ((uniform("images", 2 * size * size * 3) + 1) * 128).astype(np.uint8).reshape(2, size, size, 3)
    pixels = preprocess(images.astype(np.float32))
    features = model(pixels, training=False)
    with tf.GradientTape() as tape:
        trained = model(pixels, training=True)
        loss = tf.reduce_sum(trained * uniform("w", 2 * trained.shape[1]).reshape(trained.shape).astype(np.float32))
    gradients = dict(zip(of, tape.gradient(loss, [variables[key] for key in of])))
    return {"name": build.__name__.removeprefix("named_").replace("_", "-"), "options": options,
            "size": size, "features": some(features), "trained": some(trained),
            "gradients": {key: some(g) for key, g in gradients.items()}}


def named_resnet50(x, stride_on="1x1", preprocess="caffe", bn_epsilon=1.001e-5):
    normalize = lambda images: imagenet_utils.preprocess_input(images, "channels_last", mode=preprocess)
    if stride_on == "1x1":
        return normalize, keras.applications.ResNet50(
            weights=None, include_top=False, pooling="avg", input_tensor=x).output
    def conv(x, name, filters, kernel, stride=1, pad=0):
        x = layers.Conv2D(filters, kernel, stride, use_bias=False, name=name + "_conv")(layers.ZeroPadding2D(pad)(x))
        return layers.BatchNormalization(epsilon=bn_epsilon, name=name + "_bn")(x)
    x = layers.ReLU()(conv(x, "conv1", 64, 7, 2, 3))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    for stage, blocks in enumerate((3, 4, 6, 3), start=2):
        for block in range(1, blocks + 1):
            name, filters = f"conv{stage}_block{block}_", 64 << (stage - 2)
            stride = 2 if block == 1 and stage > 2 else 1
            y = layers.ReLU()(conv(x, name + "1", filters, 1))
            y = layers.ReLU()(conv(y, name + "2", filters, 3, stride, 1))
            y = conv(y, name + "3", 4 * filters, 1)
            x = layers.ReLU()(layers.Add()([conv(x, name + "0", 4 * filters, 1, stride) if block == 1 else x, y]))
    return normalize, layers.GlobalAveragePooling2D()(x)


def named_efficientnet_lite0(x):
    def pad(x, kernel, stride):
        before = (kernel - 2) // 2 if stride == 2 else (kernel - 1) // 2
        return layers.ZeroPadding2D(((before, kernel // 2),) * 2)(x)
    def conv(x, name, filters, kernel=1, stride=1):
        x = pad(x, kernel, stride) if kernel > 1 else x
        x = layers.Conv2D(filters, kernel, stride, use_bias=False, name=name + "_conv")(x)
        return layers.BatchNormalization(name=name + "_bn")(x)
    x, i = layers.ReLU(6)(conv(x, "stem", 32, 3, 2)), 0
    for blocks, kernel, first, expand, filters in LITE:
        for block in range(blocks):
            name, stride = f"block{i}.", first if block == 0 else 1
            y = layers.ReLU(6)(conv(x, name + "expand", expand * x.shape[-1])) if expand > 1 else x
            y = layers.DepthwiseConv2D(kernel, stride, use_bias=False, name=name + "depthwise_conv")(pad(y, kernel, stride))
            y = layers.ReLU(6)(layers.BatchNormalization(name=name + "depthwise_bn")(y))
            y = conv(y, name + "project", filters)
            x, i = layers.Add()([x, y]) if block > 0 else y, i + 1
    return lambda images: (images - 127) / 128, layers.GlobalAveragePooling2D()(layers.ReLU(6)(conv(x, "head", 1280)))


# Blocks, kernel, stride of the first, expansion, channels.
LITE = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
        (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)]


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


# The same for the next two, of depth 1.1 and 1.2 and of width 1 and 1.1, as efficientnet_lite_pytorch 0.1.0 rounds them.
LITE1 = [(1, 3, 1, 1, 16), (3, 3, 2, 6, 24), (3, 5, 2, 6, 40), (4, 3, 2, 6, 80),
         (4, 5, 1, 6, 112), (5, 5, 2, 6, 192), (1, 3, 1, 6, 320)]
LITE2 = [(1, 3, 1, 1, 16), (3, 3, 2, 6, 24), (3, 5, 2, 6, 48), (4, 3, 2, 6, 88),
         (4, 5, 1, 6, 120), (5, 5, 2, 6, 208), (1, 3, 1, 6, 352)]


def mobilenetv2(x, **_):
    return keras.applications.MobileNetV2(weights=None, include_top=False, pooling="avg")(x)


def concat(x, of):
    """Towers side by side, none of them trained."""
    towers = [keras.Model(x, globals()[name.replace("-", "_")](x)) for name in of]
    for tower in towers:
        tower.trainable = False
    return layers.Concatenate()([tower(x) for tower in towers])


def ensemble(x, of):
    """Networks behind heads of their own, side by side, none of them trained any more."""
    members = []
    for member in of:
        y = globals()[member["network"].replace("-", "_")](x)
        if member.get("embedding_dim"):
            y = layers.Dense(member["embedding_dim"])(y)
        members.append(keras.Model(x, y))
    for member in members:
        member.trainable = False
    return layers.Concatenate()([layers.UnitNormalization()(member(x)) for member in members])


def efficientnet_lite1(x, **_):
    return efficientnet_lite0(x, stages=LITE1)


def efficientnet_lite2(x, **_):
    return efficientnet_lite0(x, stages=LITE2)


def efficientnet_lite0(x, stages=LITE, **_):
    x = layers.ReLU(6)(conv_norm(x, 32, 3, 2))
    for blocks, kernel, stride, expand, filters in stages:
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
    (efficientnet_lite1, {}, 64),
    (efficientnet_lite2, {}, 64),
    (mobilenetv2, {}, 64),
    (concat, {"of": ["efficientnet-lite0", "mobilenetv2"]}, 64),
    (ensemble, {"of": [{"network": "conv4"}, {"network": "smallconv", "embedding_dim": 7}]}, 64),
]


# Of ResNet50 the last layer: further back Keras' own float32 gradients are 2 % from its
# float64 ones, because rounding decides on which side of a relu some of a million units lie.
RESNET = ["conv5_block3_3_conv/kernel", "conv5_block3_3_bn/gamma", "conv5_block3_3_bn/beta"]
LITE0 = ["stem_conv/kernel", "block1/depthwise_conv/kernel", "block8/depthwise_bn/gamma", "head_bn/beta"]
PARITY = [
    (named_resnet50, {}, 69, RESNET),
    (named_resnet50, {"stride_on": "3x3", "preprocess": "torch", "bn_epsilon": 1e-5}, 69, RESNET),
    (named_efficientnet_lite0, {}, 69, LITE0),
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
              "networks": [count(*case) for case in CASES],
              "parity": [parity(*case) for case in PARITY]}
    with open(os.path.splitext(os.path.abspath(__file__))[0] + ".json", "w") as f:
        json.dump(golden, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
