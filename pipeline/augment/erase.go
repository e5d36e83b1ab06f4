package augment

import (
	"cmp"
	"math"
	"math/rand/v2"
)

// eraseOptions are the options of "erase". Defaults are the paper's.
type eraseOptions struct {
	Area        span    `yaml:"area"`  // of the rectangle, in shares of the image; within 0 and 1
	Ratio       span    `yaml:"ratio"` // of its height to its width; within 0.1 and 10
	Fill        string  `yaml:"fill"`  // noise or a colour
	Probability float64 `yaml:"probability"`
}

var erase = row("fill a rectangle at random",
	"Zhong et al., Random Erasing Data Augmentation, 2017, arXiv:1708.04896, algorithm 1",
	eraseOptions{Area: span{0.02, 0.4}, Ratio: span{0.3, 1 / 0.3}, Fill: "noise", Probability: 0.5},
	eraseOptions.step)

func (o eraseOptions) step() (Step, error) {
	var colour [3]uint8
	var err error
	noisy := o.Fill == "noise"
	if !noisy {
		colour, err = parseColour("fill", o.Fill, "noise")
	}
	return Step{stage: stageErase, apply: func(r *rand.Rand, c *canvas) {
			if happens(r, o.Probability) {
				c.settle()
				o.fill(r, c, noisy, colour)
			}
		}}, cmp.Or(o.Area.check("area", 0, 1), o.Ratio.check("ratio", 0.1, 10), err,
			within("probability", o.Probability, 0, 1))
}

// fill covers the drawn rectangle with a colour, or with a colour of its own for
// each pixel.
func (o eraseOptions) fill(r *rand.Rand, c *canvas, noisy bool, colour [3]uint8) {
	w, h := o.sides(r, c.size)
	left, top := r.IntN(c.size-w+1), r.IntN(c.size-h+1)
	for y := top; y < top+h; y++ {
		for x := left; x < left+w; x++ {
			if noisy {
				v := r.Uint32()
				colour = [3]uint8{uint8(v), uint8(v >> 8), uint8(v >> 16)}
			}
			copy(c.pixels[3*(c.size*y+x):], colour[:])
		}
	}
}

// sides draws width and height in pixels: area even, ratio even in its logarithm so
// that lying and standing are alike (the paper draws it evenly), ten tries to fit.
// Sides are rounded, to at least a pixel.
func (o eraseOptions) sides(r *rand.Rand, size int) (w, h int) {
	ratios := span{math.Log(o.Ratio[0]), math.Log(o.Ratio[1])}
	for range 10 {
		area := o.Area.draw(r) * float64(size*size)
		ratio := math.Exp(ratios.draw(r))
		h = max(1, int(math.Sqrt(area*ratio)+0.5))
		w = max(1, int(math.Sqrt(area/ratio)+0.5))
		if w <= size && h <= size {
			break
		}
	}
	return min(w, size), min(h, size)
}
