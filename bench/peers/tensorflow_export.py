"""An exported model in Python, as TensorFlow's users call it:

    tensorflow_export.py first MODEL/1 PICTURE
        embeds the picture and prints {"event": "summary"}
    tensorflow_export.py pairs MODEL/1 LEFT RIGHT
        prints {"distance": …} for each pair of images in two files of pixels
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import json
import sys

import numpy as np
import tensorflow as tf

BATCH = 50


def embed(model, picture):
    from PIL import Image

    tower = model.signatures["serving_default"]
    size = tower.structured_input_signature[1]["images"].shape[1]
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))
    embedding = tower(images=tf.constant(pixels[None]))["embedding"].numpy()
    print(json.dumps({"event": "summary", "dim": embedding.shape[1]}), flush=True)


def compare(model, left, right):
    signature = model.signatures["compare"]
    shape = signature.structured_input_signature[1]["left"].shape.as_list()[1:]
    sides = [np.fromfile(file, np.uint8).reshape(-1, *shape) for file in (left, right)]
    for first in range(0, len(sides[0]), BATCH):
        a, b = (tf.constant(side[first : first + BATCH]) for side in sides)
        for distance in signature(left=a, right=b)["distance"].numpy():
            print(json.dumps({"distance": float(distance)}))


if __name__ == "__main__":
    what, folder, *files = sys.argv[1:]
    {"first": embed, "pairs": compare}[what](tf.saved_model.load(folder), *files)
