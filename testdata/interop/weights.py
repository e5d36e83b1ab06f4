"""What weights_keras.py and weights_torch.py share: images, and how answers are written.

A case is a folder with the files of weights and

    images.rgb      two images [2,224,224,3], uint8
    expected.json   made_with, and a list of networks: files that hold its weights, options as in tfpair's
                    spec, pixels (a file of float32 that is fed instead of images.rgb, or none), features
                    [2,2048], and gradients: keys of variables in the order of gradients.f32, as tfpair has
                    them, of Σ w·features with w = uniform("w", 4096)
"""

import json
import zlib

import numpy as np

SIZE = 224


def uniform(key, n):
    """n numbers in [-1,1), from a hash of key and index that any language computes alike."""
    h = (np.arange(n, dtype=np.uint64) + np.uint64(zlib.crc32(key.encode()))) & np.uint64(0xFFFFFFFF)
    for factor, shift in ((2654435761, 15), (2246822519, 13)):
        h = (h * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
        h ^= h >> np.uint64(shift)
    return h.astype(np.float64) / 2**31 - 1


def images():
    """Waves of several lengths, a channel and an image each its own: noise alone looks alike to a network."""
    y, x, c, n = np.meshgrid(np.arange(SIZE), np.arange(SIZE), np.arange(3), np.arange(2), indexing="ij")
    waves = np.sin(x / (5 + 7 * c + 3 * n)) + np.sin(y / (11 + 5 * c)) + np.sin((x + y) / (23 + 9 * n))
    noise = uniform("images", 2 * SIZE * SIZE * 3).reshape(SIZE, SIZE, 3, 2)
    pixels = np.clip(128 + 30 * waves + 30 * noise, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.moveaxis(pixels, 3, 0))


def flat(values):
    return [float(str(v)) for v in np.asarray(values).reshape(-1)]


def write(made_with, networks):
    images().tofile("images.rgb")
    with open("expected.json", "w") as f:
        json.dump({"made_with": made_with, "networks": networks}, f)
