package augment

import "math/rand/v2"

// grayscaleOptions are the options of "grayscale".
type grayscaleOptions struct {
	Probability float64 `yaml:"probability"`
}

var grayscale = row("take the colours away",
	simCLR,
	grayscaleOptions{Probability: 0.2}, grayscaleOptions.step) // the paper's value

func (o grayscaleOptions) step() (Step, error) {
	return Step{stage: stageColour, apply: func(r *rand.Rand, c *canvas) {
		if happens(r, o.Probability) {
			c.colour(towards(0))
		}
	}}, within("probability", o.Probability, 0, 1)
}
