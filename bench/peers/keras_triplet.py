"""Training steps of program 2 in Keras, as its users write it: three inputs, one shared tower.

The protocol is that of command step in serve.py; the loss is told in protocol.py.
"""

import keras_siamese  # first: it chooses the backend
import keras
import numpy as np
import protocol
import serve


class Gap(keras.layers.Layer):
    """Squared distance to the positive less that to the negative, of three [M,D]: [M,1]."""

    def call(self, sides):
        anchor, positive, negative = sides
        ops = keras.ops
        near = ops.sum(ops.square(anchor - positive), axis=1, keepdims=True)
        far = ops.sum(ops.square(anchor - negative), axis=1, keepdims=True)
        return near - far


def hinge(_, gap):
    return keras.ops.mean(keras.ops.maximum(gap + protocol.TRIPLET_MARGIN, 0.0))


def build():
    """Returns the compiled model (anchor, positive, negative) -> gap [M,1]."""
    tower = keras_siamese.build_tower()
    sides = [keras.Input(keras_siamese.SHAPE, dtype="uint8") for _ in range(3)]
    model = keras.Model(sides, Gap()([tower(side) for side in sides]))
    model.compile(optimizer="adam", loss=hinge)
    return model


def main():
    keras.utils.set_random_seed(0)
    model = build()
    sides = list(protocol.triplet_batch())
    unused = np.zeros((protocol.BATCH, 1), np.float32)
    serve.serve_steps(
        lambda: model.train_on_batch(sides, unused),
        peer="keras",
        versions=keras_siamese.versions(),
    )


if __name__ == "__main__":
    main()
