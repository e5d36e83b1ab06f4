package augment

import (
	"cmp"
	"math/rand/v2"
)

// translateOptions are the options of "translate".
type translateOptions struct {
	Shift       float64 `yaml:"shift"`  // largest move either way, in shares of the side; 0 to 1
	Border      string  `yaml:"border"` // what lies outside: edge, ground or a colour
	Probability float64 `yaml:"probability"`
}

var translate = row("move sideways and up or down", "",
	translateOptions{Shift: 0.1, Border: "edge", Probability: 1}, translateOptions.step)

func (o translateOptions) step() (Step, error) {
	b, err := parseBorder(o.Border)
	return Step{stage: stageShape, apply: func(r *rand.Rand, c *canvas) {
			if happens(r, o.Probability) {
				reach := o.Shift * float64(c.size)
				c.move(translation(either(r, reach), either(r, reach)), b)
			}
		}}, cmp.Or(within("shift", o.Shift, 0, 1),
			within("probability", o.Probability, 0, 1), err)
}
