"""Makes the test images that Go's standard library cannot encode.

Run in this folder with Pillow 13.0.0. Each is 32x24: four quadrants, in the order
top left, top right, bottom left, bottom right.
"""

from PIL import Image

SIZE = (32, 24)
RGB = [(220, 30, 30), (255, 255, 255), (40, 60, 210), (0, 0, 0)]
CMYK = [(0, 200, 100, 0), (0, 0, 0, 0), (50, 50, 50, 127), (0, 0, 0, 255)]
ALPHA = [255, 0, 128, 255]


def quadrants(mode, colours):
    image = Image.new(mode, SIZE)
    for i, colour in enumerate(colours):
        x, y = i % 2 * SIZE[0] // 2, i // 2 * SIZE[1] // 2
        image.paste(colour, (x, y, x + SIZE[0] // 2, y + SIZE[1] // 2))
    return image


rgb = quadrants("RGB", RGB)
rgba = quadrants("RGBA", [c + (a,) for c, a in zip(RGB, ALPHA)])
rgb.save("progressive.jpg", quality=90, progressive=True, subsampling=2)
quadrants("CMYK", CMYK).save("cmyk.jpg", quality=95)
rgb.save("lossy.webp", quality=90)
rgba.save("lossy_alpha.webp", quality=90, exact=True)
rgba.save("lossless_alpha.webp", lossless=True, exact=True)
rgb.save("animated.webp", save_all=True, append_images=[rgb.rotate(180)], lossless=True)
