"""Writes keras_siamese.json: what Keras computes where tfpair must agree.

    pip install -r bench/requirements-keras.txt
    python testdata/golden/keras_siamese.py            # overwrites the file beside this script

The network is program 1 at a reduced size: Conv 3x3 relu, max pool 2, Conv 3x3 relu, max pool 2
(all 'valid'), flatten, dense without activation; one tower for both sides; Euclidean distance. At
16 pixels both pools meet an odd side or the flatten more than one pixel, so that neither rounding
nor axis order can hide.

The file is one JSON object. A tensor is {"shape": [...], "values": [...]}, row-major, kernels in
Keras' layout (HWIO, [in, out]). Every number is the shortest decimal that reads back as the same
float32. Variables are named layer/weight: conv1/kernel, conv1/bias, conv2/kernel, conv2/bias,
dense/kernel, dense/bias, and with loss bce also probability/kernel, probability/bias.

    made_with    versions of the frameworks
    network      size, filters, dense, activation of the dense layer, distance as a formula
    tolerance    what a test may allow, and what no test may compare
    images       {"shape": [N,H,W,3], "base64": uint8 RGB}; Keras sees them times float32(1/255)
    pairs        one entry per step, {"left": [M], "right": [M], "same": [M]}, rows of images
    initial      variables before the first step, the same for every case
    cases        list; each has name, loss and optimizer (written as in tfpair's spec), steps, and
      losses       loss of each step, before its update; step i is on pairs[i]
      first        on pairs[0] before any update: embeddings [N,D] of all images, distances [M],
                   probabilities [M] (bce), gradients of all variables before clipping
      after_one    variables and slots after one update; slots by kind: adam_m, adam_v, sgd_momentum
      after_all    the same after the last update
    schedules    list; schedule (as in tfpair's spec), lr, total, at [steps], rates [lr at each]
    glorot       list; shape, fan_in, fan_out, limit, and the extremes of one large draw
"""

import base64
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf

SIZE, FILTERS, DENSE = 16, (4, 6), 8
CLASSES, PER_CLASS, PAIRS, STEPS = 4, 5, 8, 20
SMALLEST_SQUARE = 1e-7  # keras.backend.epsilon(), the clamp of Keras' siamese example
CLIP_NORM = 0.5  # below the norm of the first gradients, 1.8, so that it bites

BCE = {"bce": {}}
CONTRASTIVE = {"contrastive": {"margin": 1}}
CASES = [
    ("bce_adam", BCE, {"adam": {"lr": 0.01}}, STEPS),
    ("contrastive_adam", CONTRASTIVE, {"adam": {"lr": 0.001}}, 5),
    ("contrastive_sgd", CONTRASTIVE, {"sgd": {"lr": 0.05}}, 5),
    ("contrastive_momentum", CONTRASTIVE, {"sgd": {"lr": 0.05, "momentum": 0.9}}, 5),
    (
        "contrastive_nesterov",
        CONTRASTIVE,
        {"sgd": {"lr": 0.05, "momentum": 0.9, "nesterov": True}},
        5,
    ),
    (
        "contrastive_sgd_clip_decay",
        CONTRASTIVE,
        {"sgd": {"lr": 0.05, "momentum": 0.9, "clip_norm": CLIP_NORM, "weight_decay": 0.1}},
        5,
    ),
    ("contrastive_adam_clip", CONTRASTIVE, {"adam": {"lr": 0.001, "clip_norm": CLIP_NORM}}, 5),
    ("contrastive_adam_decay", CONTRASTIVE, {"adam": {"lr": 0.001, "weight_decay": 0.1}}, 5),
]


def draw_images(rng):
    """Returns [CLASSES*PER_CLASS,SIZE,SIZE,3] uint8: per class a wave of its own, plus noise."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    images = []
    for k in range(CLASSES):
        direction = np.pi * k / CLASSES
        for _ in range(PER_CLASS):
            phase = rng.uniform(0, 1)
            wave = np.sin(2 * np.pi * (2 * (x * np.cos(direction) + y * np.sin(direction)) + phase))
            tint = rng.uniform(0.5, 1, size=3)
            image = 127.5 + 90 * wave[..., None] * tint + rng.normal(0, 15, size=(SIZE, SIZE, 3))
            images.append(np.clip(np.round(image), 0, 255).astype(np.uint8))
    return np.stack(images)


def draw_pairs(rng):
    """Returns STEPS batches of PAIRS pairs, half of them of one class; no image with itself."""
    batches = []
    for _ in range(STEPS):
        left = rng.integers(0, CLASSES * PER_CLASS, size=PAIRS)
        same = np.arange(PAIRS) % 2
        right = []
        for i, s in zip(left, same):
            k = i // PER_CLASS
            pool = [
                j for j in range(CLASSES * PER_CLASS) if j != i and (j // PER_CLASS == k) == bool(s)
            ]
            right.append(rng.choice(pool))
        batches.append((left.astype(np.int32), np.array(right, np.int32), same.astype(np.float32)))
    return batches


class Distance(keras.layers.Layer):
    """sqrt(max(sum((a-b)^2), 1e-7)) of two [M,D]: [M,1]."""

    def call(self, sides):
        a, b = sides
        square = keras.ops.sum(keras.ops.square(a - b), axis=1, keepdims=True)
        return keras.ops.sqrt(keras.ops.maximum(square, SMALLEST_SQUARE))


def build(loss):
    """Returns the tower and the model (left, right) -> distance or probability [M,1]."""
    image = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    x = keras.layers.Rescaling(1.0 / 255)(image)
    for i, filters in enumerate(FILTERS, start=1):
        x = keras.layers.Conv2D(filters, 3, activation="relu", name=f"conv{i}")(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    tower = keras.Model(image, keras.layers.Dense(DENSE, name="dense")(x))
    left, right = (keras.Input((SIZE, SIZE, 3), dtype="uint8") for _ in range(2))
    out = Distance()([tower(left), tower(right)])
    if loss is BCE:
        out = keras.layers.Dense(1, activation="sigmoid", name="probability")(out)
    return tower, keras.Model([left, right], out)


def key(variable):
    return "/".join(variable.path.split("/")[-2:])


def contrastive(same, distance):
    """Hadsell 2006 without its factor 1/2, mean over pairs."""
    gap = tf.maximum(1.0 - distance, 0.0)
    return tf.reduce_mean(same * tf.square(distance) + (1.0 - same) * tf.square(gap))


def make_optimizer(choice):
    ((name, o),) = choice.items()
    common = {
        "learning_rate": o["lr"],
        "global_clipnorm": o.get("clip_norm"),
        "weight_decay": o.get("weight_decay"),
    }
    if name == "adam":
        return keras.optimizers.Adam(**common)  # Keras' beta_1 0.9, beta_2 0.999, epsilon 1e-7
    return keras.optimizers.SGD(
        momentum=o.get("momentum", 0.0), nesterov=o.get("nesterov", False), **common
    )


def slots(optimizer, variables):
    if isinstance(optimizer, keras.optimizers.Adam):
        kinds = {"adam_m": optimizer._momentums, "adam_v": optimizer._velocities}
    elif optimizer.momentum:
        kinds = {"sgd_momentum": optimizer.momentums}
    else:
        kinds = {}
    return {kind: named(variables, values) for kind, values in kinds.items()}


def named(variables, values):
    return {key(v): tensor(value) for v, value in zip(variables, values)}


def tensor(x):
    x = np.asarray(x)
    return {"shape": list(x.shape), "values": numbers(x)}


def numbers(x):
    """Shortest decimals that read back as the same float32."""
    return [float(str(v)) for v in np.asarray(x, np.float32).ravel()]


def run(case, images, batches, initial):
    name, loss, choice, steps = case
    tower, model = build(loss)
    variables = model.trainable_variables
    for v in variables:
        v.assign(initial[key(v)])
    optimizer = make_optimizer(choice)
    if optimizer.weight_decay:
        optimizer.exclude_from_weight_decay(var_list=[v for v in variables if v.name == "bias"])
    optimizer.build(variables)
    out = {"name": name, "loss": loss, "optimizer": choice, "steps": steps, "losses": []}

    def state():
        return {"variables": named(variables, variables), "slots": slots(optimizer, variables)}

    for step in range(steps):
        left, right, same = batches[step]
        with tf.GradientTape() as tape:
            y = model([images[left], images[right]], training=True)
            if loss is BCE:
                value = keras.losses.BinaryCrossentropy()(same[:, None], y)
            else:
                value = contrastive(same[:, None], y)
        gradients = tape.gradient(value, [v.value for v in variables])
        out["losses"] += numbers(value)
        if step == 0:
            a, b = tower(images[left]), tower(images[right])
            out["first"] = {
                "embeddings": tensor(tower(images)),
                "distances": numbers(Distance()([a, b])),
                "gradients": named(variables, gradients),
            }
            if loss is BCE:
                out["first"]["probabilities"] = numbers(y)
        optimizer.apply(gradients, variables)
        if step == 0:
            out["after_one"] = state()
    out["after_all"] = state()
    return out


def schedules():
    """Keras counts decay_steps from the end of the warm-up; total here counts from step 0."""
    lr, at = 0.01, [0, 1, 5, 9, 10, 11, 25, 50, 75, 99, 100, 120]
    cosine = keras.optimizers.schedules.CosineDecay
    rows = [
        ({"cosine": {}}, cosine(lr, 100)),
        ({"cosine": {"final": 0.1}}, cosine(lr, 100, alpha=0.1)),
        (
            {"cosine": {"warmup": 10, "final": 0.05}},
            cosine(0.0, 90, alpha=0.05, warmup_target=lr, warmup_steps=10),
        ),
        (
            {"step": {"every": 25, "factor": 0.5}},
            keras.optimizers.schedules.ExponentialDecay(lr, 25, 0.5, staircase=True),
        ),
    ]
    return [
        {"schedule": s, "lr": lr, "total": 100, "at": at, "rates": numbers([f(i) for i in at])}
        for s, f in rows
    ]


def glorot():
    """Shapes of program 1 at 64 pixels, 32 and 64 filters, dense 128; limit = sqrt(6/(in+out))."""
    rows = []
    for shape in [(3, 3, 3, 32), (3, 3, 32, 64), (12544, 128), (1, 1)]:
        fan_in, fan_out = keras.src.initializers.random_initializers.compute_fans(shape)
        row = {
            "shape": list(shape),
            "fan_in": fan_in,
            "fan_out": fan_out,
            "limit": float(np.sqrt(6 / (fan_in + fan_out))),
        }
        if np.prod(shape) > 100:  # fewer draws need not come near the limit
            draw = np.asarray(keras.initializers.GlorotUniform(seed=1)(shape))
            row["drawn_min"], row["drawn_max"] = numbers([draw.min(), draw.max()])
        rows.append(row)
    return rows


def draw_weights(rng):
    """Glorot kernels, biases so that each has an effect, a negative weight on the distance."""
    _, model = build(BCE)
    weights = {}
    for v in model.trainable_variables:
        if key(v).endswith("/bias"):
            w = rng.uniform(-0.1, 0.1, size=v.shape)
        else:
            fan_in, fan_out = keras.src.initializers.random_initializers.compute_fans(v.shape)
            limit = np.sqrt(6 / (fan_in + fan_out))
            w = rng.uniform(-limit, limit, size=v.shape)
        weights[key(v)] = w.astype(np.float32)
    weights["probability/kernel"] = -np.abs(weights["probability/kernel"])
    return weights


def render(golden):
    """Two levels of indentation; what lies deeper goes on one line per entry."""

    def write(x, depth):
        if depth == 0 or not isinstance(x, (dict, list)) or not x:
            return json.dumps(x, separators=(",", ":"))
        pad = "\n" + "  " * (4 - depth + 1)
        if isinstance(x, dict):
            if "shape" in x or "values" in x:
                return json.dumps(x, separators=(",", ":"))
            items = [f"{json.dumps(k)}: {write(v, depth - 1)}" for k, v in x.items()]
            return "{" + pad + ("," + pad).join(items) + pad[:-2] + "}"
        if not isinstance(x[0], dict):
            return json.dumps(x, separators=(",", ":"))
        return "[" + pad + ("," + pad).join(write(v, depth - 1) for v in x) + pad[:-2] + "]"

    return write(golden, 4) + "\n"


def main():
    keras.utils.set_random_seed(1)
    tf.config.experimental.enable_op_determinism()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    rng = np.random.default_rng(20)  # NumPy promises the same stream for PCG64 and these methods
    images, batches, initial = draw_images(rng), draw_pairs(rng), draw_weights(rng)
    golden = {
        "made_with": {
            "script": "testdata/golden/keras_siamese.py",
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
        "network": {
            "size": SIZE,
            "filters": FILTERS,
            "kernel": 3,
            "padding": "valid",
            "dense": DENSE,
            "dense_activation": "linear",
            "distance": "sqrt(max(sum((a-b)^2), 1e-7))",
            "bce": "mean over pairs of -y*ln(p) - (1-y)*ln(1-p), p = sigmoid(w*distance + b)",
            "contrastive": "mean over pairs of y*d^2 + (1-y)*max(0, margin-d)^2, no factor 1/2",
            "weight_decay": "before each update, kernels -= kernel*weight_decay*lr; biases are left alone",
            "clip_norm": "all gradients times min(1, clip_norm / their joint L2 norm)",
        },
        "tolerance": {
            "relative": 1e-4,
            "why": "float32 sums in another order: Keras runs the tower once per side of a pair",
            "absolute_only": ["dense/bias"],
            "absolute_only_why": "the bias of the last layer cancels in a-b: its gradient is 0 up"
            " to rounding, and Adam scales rounding up to whole steps; compare it within steps*lr",
        },
        "images": {
            "shape": list(images.shape),
            "base64": base64.b64encode(images.tobytes()).decode(),
        },
        "pairs": [
            {"left": l.tolist(), "right": r.tolist(), "same": s.astype(int).tolist()}
            for l, r, s in batches
        ],
        "initial": {k: tensor(v) for k, v in initial.items()},
        "cases": [run(case, images, batches, initial) for case in CASES],
        "schedules": schedules(),
        "glorot": glorot(),
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keras_siamese.json")
    with open(path, "w", encoding="utf-8") as f:
        f.write(render(golden))


if __name__ == "__main__":
    main()
