"""Makes the test images that Go's standard library cannot encode.

Run in this folder with Pillow 13.0.0 and NumPy. Each is 32x24: four quadrants, in the order
top left, top right, bottom left, bottom right.
"""

import numpy
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
rgb.save("animated.png", save_all=True, append_images=[rgb.rotate(180)])

# TIFF as people have it: compressions, 16 bits, pages, a tile, an orientation, both byte orders.
for name, compression in [("lzw", "tiff_lzw"), ("deflate", "tiff_adobe_deflate"), ("packbits", "packbits"), ("plain", None)]:
    rgb.save(name + ".tiff", compression=compression)
rgba.save("alpha.tiff", compression="tiff_lzw")
Image.fromarray((numpy.asarray(rgb.convert("L")).astype("uint16") * 257)).save("grey16.tiff")
rgb.convert("L").save("grey.tiff", compression="tiff_adobe_deflate")
rgb.quantize(4).save("palette.tiff")
rgb.convert("1", dither=Image.Dither.NONE).save("fax.tiff", compression="group4")
rgb.convert("1", dither=Image.Dither.NONE).save("fax_white_zero.tiff", compression="group4", tiffinfo={262: 0})
rgb.save("pages.tiff", save_all=True, append_images=[rgb.rotate(180)])
rgb.save("exif6.tiff", tiffinfo={274: 6})
quadrants("CMYK", CMYK).save("cmyk.tiff")
rgb.save("jpeg.tiff", compression="jpeg")

# A JPEG with restart markers, of noise over colours: six rows of units, one interval a row.
noise = numpy.random.default_rng(1).normal(0, 20, (90, 140, 3))
ramp = numpy.stack([*numpy.meshgrid(numpy.linspace(0, 255, 140), numpy.linspace(255, 0, 90)), numpy.full((90, 140), 90)], -1)
Image.fromarray((ramp + noise).clip(0, 255).astype("uint8")).save("restarts.jpg", quality=75, restart_marker_rows=1)
