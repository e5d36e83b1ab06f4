package augment

import (
	"cmp"
	"math/rand/v2"
)

// noiseOptions are the options of "noise".
type noiseOptions struct {
	Std         span    `yaml:"std"` // standard deviation, in shares of the range; within 0 and 1
	Probability float64 `yaml:"probability"`
}

var noise = row("add Gaussian noise to each channel of each pixel", "",
	noiseOptions{Std: span{0, 0.05}, Probability: 0.5}, noiseOptions.step)

func (o noiseOptions) step() (Step, error) {
	return Step{stage: stageNoise, apply: func(r *rand.Rand, c *canvas) {
			if !happens(r, o.Probability) {
				return
			}
			c.settle()
			std := float32(255 * o.Std.draw(r))
			for i, p := range c.pixels {
				c.pixels[i] = clamp(float32(p) + std*float32(r.NormFloat64()))
			}
		}}, cmp.Or(o.Std.check("std", 0, 1),
			within("probability", o.Probability, 0, 1))
}
