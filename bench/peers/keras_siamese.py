"""Program 1 in Keras, as its users write it: two inputs, one shared tower, model.fit.

See serve.py for the command line. On a CPU Keras' own choice, jit_compile="auto", is a tf.function
without XLA, which is also the faster one.
"""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import protocol
import serve
import tensorflow as tf

SHAPE = (protocol.SIZE, protocol.SIZE, 3)


class Distance(keras.layers.Layer):
    """sqrt(max(sum((a-b)^2), 1e-7)) of two [M,D]: [M,1]."""

    def call(self, sides):
        a, b = sides
        square = keras.ops.sum(keras.ops.square(a - b), axis=1, keepdims=True)
        return keras.ops.sqrt(keras.ops.maximum(square, keras.config.epsilon()))


def build_tower():
    """Returns the tower: images uint8 [M,64,64,3] -> embeddings [M,128]."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(SHAPE, dtype="uint8"),
            layers.Rescaling(1.0 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128),
        ]
    )


def build():
    """Returns the tower and the compiled model (left, right) -> probability of same [M,1]."""
    layers, tower = keras.layers, build_tower()
    left, right = keras.Input(SHAPE, dtype="uint8"), keras.Input(SHAPE, dtype="uint8")
    distance = Distance()([tower(left), tower(right)])
    out = layers.Dense(1, activation="sigmoid", name="probability")(distance)
    model = keras.Model([left, right], out)
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return tower, model


def batches(split, steps, seed):
    """A tf.data pipeline of steps batches of pairs, gathered from images in memory."""
    pairs = protocol.draw_pairs(split, steps, protocol.BATCH, np.random.default_rng([seed, 2]))
    images = tf.constant(split.images)
    return (
        tf.data.Dataset.from_tensor_slices(pairs)
        .batch(protocol.BATCH, drop_remainder=True)
        .map(
            lambda l, r, same: ((tf.gather(images, l), tf.gather(images, r)), same[:, None]),
            num_parallel_calls=tf.data.AUTOTUNE,
        )
        .prefetch(tf.data.AUTOTUNE)
    )


def score(tower, model, images, pairs):
    """The log-odds of same of each pair; each distinct image is embedded once."""
    kernel, bias = (w.numpy().item() for w in model.get_layer("probability").weights)
    embeddings = tower.predict(images, batch_size=protocol.BATCH, verbose=0)
    return kernel * protocol.distances(embeddings, pairs[0], pairs[1]) + bias


class Watch(keras.callbacks.Callback):
    """Notes when the first step was done; keeps the weights of the best validation AUC."""

    def __init__(self, tower, val, pairs):
        super().__init__()
        self.tower, self.val, self.pairs = tower, val, pairs
        self.first_step, self.best, self.weights = None, -1.0, None

    def on_train_batch_end(self, batch, logs=None):
        if self.first_step is None:
            self.first_step = protocol.since_start()

    def on_epoch_end(self, epoch, logs=None):
        scores = score(self.tower, self.model, self.val.images, self.pairs)
        auc = protocol.auc(scores, self.pairs[2])
        if auc > self.best:
            self.best, self.weights = auc, self.model.get_weights()


def train(args):
    seconds = {"imports": protocol.since_start()}
    keras.utils.set_random_seed(args.seed)
    training, val = protocol.read_train(args.data, args.seed)
    test_images, test = protocol.read_test(args.data, args.pairs)
    seconds["data"] = protocol.since_start()
    tower, model = build()
    initial = model.get_layer("probability").kernel.numpy().item()
    pairs = protocol.val_pairs(val, args.seed)
    watch = Watch(tower, val, pairs)
    epochs, rest = divmod(args.steps, args.eval_every)
    if rest:
        epochs, args.eval_every = 1, args.steps
    model.fit(
        batches(training, args.steps, args.seed),
        epochs=epochs,
        steps_per_epoch=args.eval_every,
        callbacks=[watch],
        verbose=0,
    )
    model.set_weights(watch.weights)
    threshold, _ = protocol.best_threshold(score(tower, model, val.images, pairs), pairs[2])
    scores = score(tower, model, test_images, test)
    seconds |= {"first_step": watch.first_step, "total": protocol.since_start()}
    serve.say(
        event="summary",
        peer="keras",
        versions=versions(),
        seed=args.seed,
        steps=args.steps,
        accuracy=protocol.accuracy(scores, test[2], threshold),
        auc=protocol.auc(scores, test[2]),
        val_auc=watch.best,
        initial_weight=initial,
        seconds=seconds,
    )


def step(args):
    keras.utils.set_random_seed(0)
    _, model = build()
    left, right, same = protocol.step_batch()
    serve.serve_steps(
        lambda: model.train_on_batch([left, right], same[:, None]),
        peer="keras",
        versions=versions(),
    )


def versions():
    return {"keras": keras.__version__, "tensorflow": tf.__version__}


def main():
    args = serve.arguments(__doc__)
    if args.threads:
        tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    {"train": train, "step": step}[args.command](args)


if __name__ == "__main__":
    main()
