package augment

import (
	"cmp"
	"math/rand/v2"
)

// rotateOptions are the options of "rotate".
type rotateOptions struct {
	Degrees     float64 `yaml:"degrees"` // largest turn either way; 0 to 180
	Border      string  `yaml:"border"`  // what lies outside: edge, ground or a colour
	Probability float64 `yaml:"probability"`
}

var rotate = row("turn about the centre", "",
	rotateOptions{Degrees: 15, Border: "edge", Probability: 1}, rotateOptions.step)

func (o rotateOptions) step() (Step, error) {
	b, err := parseBorder(o.Border)
	return Step{stage: stageShape, apply: func(r *rand.Rand, c *canvas) {
			if happens(r, o.Probability) {
				c.move(rotation(either(r, o.Degrees)), b)
			}
		}}, cmp.Or(within("degrees", o.Degrees, 0, 180),
			within("probability", o.Probability, 0, 1), err)
}
