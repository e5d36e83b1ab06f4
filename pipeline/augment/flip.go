package augment

import "math/rand/v2"

// flipOptions are the options of "flip".
type flipOptions struct {
	Probability float64 `yaml:"probability"`
}

var flip = row("mirror left and right", "", flipOptions{Probability: 0.5}, flipOptions.step)

func (o flipOptions) step() (Step, error) {
	return Step{stage: stageShape, apply: func(r *rand.Rand, c *canvas) {
		if happens(r, o.Probability) {
			c.cut(scaling(-1, 1))
		}
	}}, within("probability", o.Probability, 0, 1)
}
