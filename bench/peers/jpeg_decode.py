"""Pillow and simplejpeg in the benchmark decode: one JPEG file a step, on one core.

    jpeg_decode.py FOLDER SIZE pillow
        with Image.draft at twice the size, then the bilinear filter to the size
    jpeg_decode.py FOLDER SIZE simplejpeg
        at a size of at least twice the wanted one; it does not resize, so that this is decoding alone

The protocol is that of command step in serve.py.
"""

import itertools
import pathlib
import sys

import serve


def pillow(path, size):
    from PIL import Image

    with Image.open(path) as image:
        image.draft("RGB", (2 * size, 2 * size))
        return image.resize((size, size), Image.Resampling.BILINEAR).tobytes()


def simplejpeg(path, size):
    import simplejpeg

    data, least = path.read_bytes(), {}
    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    if min(height, width) >= 2 * size:
        least = {"min_height": 2 * size, "min_width": 2 * size}
    return simplejpeg.decode_jpeg(data, "RGB", **least)


def main(folder, size, by):
    decode = {"pillow": pillow, "simplejpeg": simplejpeg}[by]
    files = itertools.cycle(sorted(pathlib.Path(folder).glob("*.jpg")))
    serve.serve_steps(lambda: decode(next(files), int(size)))


if __name__ == "__main__":
    main(*sys.argv[1:])
