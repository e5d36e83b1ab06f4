"""Asks a model whose threshold calls no pair the same about a picture and itself.

    nothing.py MODEL/1

Their distance is 0, and a threshold just below 0 is taken for 0 by runtimes that flush denormal
numbers. "same" is nevertheless false.
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import numpy as np
import tensorflow as tf
from case import require


def main(model):
    compare = tf.saved_model.load(model).signatures["compare"]
    size = compare.structured_input_signature[1]["left"].shape[1]
    flat = tf.fill((2, size, size, 3), tf.constant(90, tf.uint8))
    answer = compare(left=flat, right=flat)
    distance, same = answer["distance"].numpy(), answer["same"].numpy()
    require(np.all(distance == 0), f"a picture and itself: distance {distance}, want 0")
    require(not same.any(), f"a threshold that calls nothing the same: same is {same}")
    print("nothing is the same, not even a picture and itself")


if __name__ == "__main__":
    main(*sys.argv[1:])
