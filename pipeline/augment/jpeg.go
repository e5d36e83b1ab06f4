package augment

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"math/rand/v2"
)

// jpegOptions are the options of "jpeg".
type jpegOptions struct {
	Quality     span    `yaml:"quality"` // of the encoder, rounded; within 1 and 100
	Probability float64 `yaml:"probability"`
}

var jpeg = row("compress as JPEG and read it back: slow", "",
	jpegOptions{Quality: span{30, 90}, Probability: 0.5}, jpegOptions.step)

func (o jpegOptions) step() (Step, error) {
	return Step{stage: stageJPEG, apply: func(r *rand.Rand, c *canvas) {
			if happens(r, o.Probability) {
				c.settle()
				c.file.through(c.pixels, c.size, int(o.Quality.draw(r)+0.5))
			}
		}}, cmp.Or(o.Quality.check("quality", 1, 100),
			within("probability", o.Probability, 0, 1))
}

// jpegFile is room for an image on its way through a file.
type jpegFile struct {
	image *image.RGBA
	bytes bytes.Buffer
}

// through encodes pixels [S,S,3] and replaces them by what a decoder makes of it.
func (f *jpegFile) through(pixels []uint8, size, quality int) {
	if f.image == nil || f.image.Rect.Dx() != size {
		f.image = image.NewRGBA(image.Rect(0, 0, size, size))
	}
	for i, k := 0, 0; i < len(pixels); i, k = i+3, k+4 {
		copy(f.image.Pix[k:], pixels[i:i+3])
		f.image.Pix[k+3] = 255
	}
	f.bytes.Reset()
	if err := stdjpeg.Encode(&f.bytes, f.image, &stdjpeg.Options{Quality: quality}); err != nil {
		panic(fmt.Sprintf("augment: encode JPEG: %v", err)) // to memory, of a size that fits
	}
	decoded, err := stdjpeg.Decode(&f.bytes)
	if err != nil {
		panic(fmt.Sprintf("augment: decode JPEG: %v", err)) // of the encoder's own making
	}
	from := decoded.(*image.YCbCr) // what the encoder makes of RGBA
	for y := range size {
		for x := range size {
			at, chroma := from.YOffset(x, y), from.COffset(x, y)
			p := pixels[3*(size*y+x):][:3]
			p[0], p[1], p[2] = color.YCbCrToRGB(from.Y[at], from.Cb[chroma], from.Cr[chroma])
		}
	}
}
