package augment

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// blurOptions are the options of "blur".
type blurOptions struct {
	Sigma       span    `yaml:"sigma"` // of the Gaussian, in pixels; within 0.1 and 8
	Probability float64 `yaml:"probability"`
}

var blur = row("soften by a Gaussian", simCLR, // whose sigma is 0.1 to 2 of 224 pixels
	blurOptions{Sigma: span{0.1, 1}, Probability: 0.5}, blurOptions.step)

func (o blurOptions) step() (Step, error) {
	return Step{stage: stageBlur, apply: func(r *rand.Rand, c *canvas) {
			if happens(r, o.Probability) {
				c.settle()
				c.blur(gaussian(o.Sigma.draw(r)))
			}
		}}, cmp.Or(o.Sigma.check("sigma", 0.1, 8),
			within("probability", o.Probability, 0, 1))
}

const kernelBits = 16 // of the weights of a kernel, which add up to 1<<kernelBits

// gaussian returns the 2R+1 weights of a Gaussian cut off at R = 3σ, rounded up.
func gaussian(sigma float64) []int {
	reach := int(math.Ceil(3 * sigma))
	weights, sum := make([]float64, 2*reach+1), 0.
	for i := range weights {
		d := float64(i-reach) / sigma
		weights[i] = math.Exp(-d * d / 2)
		sum += weights[i]
	}
	kernel, left := make([]int, len(weights)), 1<<kernelBits
	for i, w := range weights {
		kernel[i] = int(w/sum*(1<<kernelBits) + 0.5)
		left -= kernel[i]
	}
	kernel[reach] += left // so that an even colour stays as it is
	return kernel
}

// blur convolves rows, then columns, each rounded to whole numbers. Outside lies
// what is at the edge.
func (c *canvas) blur(kernel []int) {
	size, reach := c.size, len(kernel)/2
	c.line = slices.Grow(c.line[:0], size+2*reach)[:size+2*reach]
	for i := range size {
		for channel := range 3 {
			convolve(c.pixels[3*size*i+channel:], 3, c.line, kernel)
		}
	}
	for i := range size {
		for channel := range 3 {
			convolve(c.pixels[3*i+channel:], 3*size, c.line, kernel)
		}
	}
}

// convolve replaces the len(line)-len(kernel)+1 values of xs that are stride apart.
func convolve(xs []uint8, stride int, line, kernel []int) {
	reach := len(kernel) / 2
	n := len(line) - 2*reach
	for i := range n {
		line[reach+i] = int(xs[i*stride])
	}
	for i := range reach {
		line[i], line[reach+n+i] = line[reach], line[reach+n-1]
	}
	for i := range n {
		sum := 1 << (kernelBits - 1)
		near := line[i:][:len(kernel)]
		for k, w := range kernel {
			sum += w * near[k]
		}
		xs[i*stride] = uint8(sum >> kernelBits)
	}
}
