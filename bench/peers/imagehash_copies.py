"""Makes altered copies of photos, and hashes photos and copies with the package imagehash.

  imagehash_copies.py ROOT PHOTOS OTHERS COPIES

PHOTOS and OTHERS are files with a path below ROOT per line. Each of PHOTOS is altered in each way of
ALTERATIONS, as COPIES/ALTERATION/NUMBER.jpg (or .webp, .png). Then one JSON line is printed for each picture:
{"event":"hash","set":"photo"|"other"|ALTERATION,"number":N,"phash":"16 hex digits","dhash":"16 hex digits"}.
Equal arguments make equal pictures and lines.
"""

import json
import os
import sys
from multiprocessing import Pool

import imagehash
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

LANCZOS, BICUBIC = Image.Resampling.LANCZOS, Image.Resampling.BICUBIC


def same(image, _):
    return image


def scaled(factor_x, factor_y):
    def alter(image, _):
        size = (round(image.width * factor_x), round(image.height * factor_y))
        return image.resize(size, LANCZOS if factor_x < 1 else BICUBIC)
    return alter


def enhanced(enhancer, factor):
    return lambda image, _: enhancer(image).enhance(factor)


def cropped(cut):
    """Cuts shares of the width and of the height off, drawn by cut, at a place that is drawn, too."""
    def alter(image, rng):
        w, h = image.size
        (x, y), (at_x, at_y) = cut(rng), rng.random(2)
        left, top = round(at_x * x * w), round(at_y * y * h)
        return image.crop((left, top, left + w - round(x * w), top + h - round(y * h)))
    return alter


def bordered(x, y, colour):
    """Adds shares of the width and of the height on either side."""
    def alter(image, _):
        w, h = image.size
        canvas = Image.new("RGB", (w + 2 * round(x * w), h + 2 * round(y * h)), colour)
        canvas.paste(image, (round(x * w), round(y * h)))
        return canvas
    return alter


def warmer(image, _):
    tinted = np.asarray(image, np.float32) * np.float32([1.1, 1.0, 0.85])
    return Image.fromarray(tinted.clip(0, 255).astype(np.uint8))


def caption(image, _):
    """A dark strip with a line of text, at the bottom, an eighth of the height."""
    image, strip = image.copy(), image.height // 8
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, image.height - strip, image.width, image.height), fill=(20, 20, 20))
    draw.text((8, image.height - strip + strip // 6), "SALE - only this week - 2.99", fill=(255, 255, 255),
              font=ImageFont.load_default(strip * 0.6))
    return image


def watermark(image, _):
    """Large half-transparent letters across the middle, a sixth of the height."""
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    font = ImageFont.load_default(image.height / 6)
    ImageDraw.Draw(layer).text((image.width / 2, image.height / 2), "© SHOP", anchor="mm",
                               fill=(255, 255, 255, 150), font=font)
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def badge(image, rng):
    """A red disc with a price in a corner that is drawn, a quarter of the height wide."""
    image, d = image.copy(), image.height // 4
    x, y = rng.integers(2, size=2) * (image.width - d - 8, image.height - d - 8) + 4
    draw = ImageDraw.Draw(image)
    draw.ellipse((x, y, x + d, y + d), fill=(210, 20, 20))
    draw.text((x + d / 2, y + d / 2), "2.99", anchor="mm", fill=(255, 255, 255), font=ImageFont.load_default(d / 3))
    return image


# Name: (kind, how, format, quality). Kinds are those of the table that the benchmark prints.
ALTERATIONS = {
    "jpeg-60": ("re-encoded", same, "JPEG", 60),
    "jpeg-30": ("re-encoded", same, "JPEG", 30),
    "webp-60": ("re-encoded", same, "WebP", 60),
    "half": ("resized", scaled(0.5, 0.5), "PNG", None),
    "third": ("resized", scaled(1 / 3, 1 / 3), "JPEG", 75),
    "twice": ("resized", scaled(2, 2), "JPEG", 75),
    "wider": ("resized", scaled(1.15, 1), "JPEG", 85),
    "grey": ("grey", lambda image, _: image.convert("L").convert("RGB"), "JPEG", 85),
    "brighter": ("mild colour", enhanced(ImageEnhance.Brightness, 1.2), "JPEG", 85),
    "flatter": ("mild colour", enhanced(ImageEnhance.Contrast, 0.75), "JPEG", 85),
    "warmer": ("mild colour", warmer, "JPEG", 85),
    "crop-5": ("crop", cropped(lambda rng: (0.05, 0.05)), "JPEG", 85),
    "crop-10": ("crop", cropped(lambda rng: (0.1, 0.1)), "JPEG", 85),
    "crop-to-10": ("crop", cropped(lambda rng: rng.random(2) / 10), "JPEG", 85),
    "crop-side": ("crop", cropped(lambda rng: rng.permutation([0, 0.1])), "JPEG", 85),
    "caption": ("text", caption, "JPEG", 85),
    "watermark": ("text", watermark, "JPEG", 85),
    "badge": ("text", badge, "JPEG", 85),
    "white-border": ("border", bordered(0.08, 0.08, (255, 255, 255)), "JPEG", 85),
    "letterbox": ("border", bordered(0, 0.15, (0, 0, 0)), "JPEG", 85),
}
EXTENSIONS = {"JPEG": "jpg", "WebP": "webp", "PNG": "png"}


def hashes(name, number, image):
    return {"event": "hash", "set": name, "number": number,
            "phash": str(imagehash.phash(image)), "dhash": str(imagehash.dhash(image))}


def opened(path):
    with Image.open(path) as image:
        return image.convert("RGB")


def copies(task):
    """Writes all copies of a photo, and returns the hashes of the photo and of what was written."""
    number, path, folder = task
    image = opened(path)
    lines = [hashes("photo", number, image)]
    for name, (_, alter, kind, quality) in ALTERATIONS.items():
        file = os.path.join(folder, name, f"{number:04}.{EXTENSIONS[kind]}")
        alter(image, np.random.default_rng(number)).save(file, kind, **({"quality": quality} if quality else {}))
        lines.append(hashes(name, number, opened(file)))
    return lines


def other(task):
    number, path = task
    return [hashes("other", number, opened(path))]


def main(root, photos, others, folder):
    def paths(list_of):
        with open(list_of, encoding="utf-8") as f:
            return [os.path.join(root, line.rstrip("\n")) for line in f]
    for name, (kind, *_) in ALTERATIONS.items():
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        print(json.dumps({"event": "alteration", "name": name, "kind": kind}))
    with Pool() as pool:
        tasks = [(i, path, folder) for i, path in enumerate(paths(photos))]
        for lines in pool.imap(copies, tasks, chunksize=4):
            print("\n".join(map(json.dumps, lines)))
        for lines in pool.imap(other, enumerate(paths(others)), chunksize=16):
            print("\n".join(map(json.dumps, lines)))


if __name__ == "__main__":
    main(*sys.argv[1:])
