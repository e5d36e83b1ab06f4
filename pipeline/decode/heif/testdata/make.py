"""Makes the test pictures. Run in this folder with Pillow 13.0.0 and pillow-heif 1.8.1.

Each is 64x48: four quadrants, in the order top left, top right, bottom left, bottom right. The
pixels that Pillow reads from them are in probes.csv, whose columns are file, x, y, r, g, b.
"""

import csv

import pillow_heif
from PIL import Image

SIZE = (64, 48)
RGB = [(220, 30, 30), (255, 255, 255), (40, 60, 210), (0, 0, 0)]
ALPHA = [255, 0, 128, 255]

pillow_heif.register_heif_opener()


def quadrants(mode, colours):
    image = Image.new(mode, SIZE)
    for i, colour in enumerate(colours):
        x, y = i % 2 * SIZE[0] // 2, i // 2 * SIZE[1] // 2
        image.paste(colour, (x, y, x + SIZE[0] // 2, y + SIZE[1] // 2))
    return image


rgb = quadrants("RGB", RGB)
rgba = quadrants("RGBA", [c + (a,) for c, a in zip(RGB, ALPHA)])
turned = Image.Exif()
turned[274] = 6
rgb.save("rgb.heic", quality=90)
rgb.save("444.heic", quality=90, chroma=444)
rgb.save("limited.heic", quality=90, matrix_coefficients=1, full_range_flag=0)
rgb.convert("L").save("grey.heic", quality=90)
rgb.save("turned.heic", quality=90, exif=turned)
rgb.save("rgb.avif", quality=90)
rgb.save("444.avif", quality=90, subsampling="4:4:4")
rgba.save("alpha.avif", quality=90)
rgb.save("limited.avif", quality=90, range="limited")
rgb.save("turned.avif", quality=90, exif=turned)
rgb.convert("L").save("grey.avif", quality=90)
rgb.save("animated.avif", save_all=True, append_images=[rgb.rotate(180)], quality=90)

with open("probes.csv", "w", newline="") as f:
    out = csv.writer(f, lineterminator="\n")
    out.writerow("file x y r g b".split())
    for name in "rgb.heic 444.heic limited.heic grey.heic turned.heic rgb.avif 444.avif alpha.avif limited.avif turned.avif grey.avif animated.avif".split():
        image = Image.open(name)
        turn = {6: Image.Transpose.ROTATE_270}.get(image.getexif().get(274, 1))
        image = image.convert("RGBA")
        if turn is not None and name.endswith("avif"):
            image = image.transpose(turn)
        shown = Image.new("RGBA", image.size, "white")
        shown.alpha_composite(image)
        w, h = shown.size
        for x, y in [(w // 4, h // 4), (3 * w // 4, h // 4), (w // 4, 3 * h // 4), (3 * w // 4, 3 * h // 4)]:
            out.writerow([name, x, y, *shown.getpixel((x, y))[:3]])
