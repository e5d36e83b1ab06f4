package augment

import (
	"cmp"
	"math/rand/v2"
)

// factorOptions are the options of "brightness", "contrast" and "saturation".
type factorOptions struct {
	Amount      float64 `yaml:"amount"` // the factor is drawn from 1 ± amount; 0 to 1
	Probability float64 `yaml:"probability"`
}

var brightness = row("darken or lighten: p → f·p", "",
	factorOptions{Amount: 0.4, Probability: 1},
	func(o factorOptions) (Step, error) {
		return o.step(func(c *canvas, f float32) {
			c.colour(tint{{f, 0, 0, 0}, {0, f, 0, 0}, {0, 0, f, 0}})
		})
	})

// step returns the Step that changes colours by a drawn factor.
func (o factorOptions) step(change func(c *canvas, factor float32)) (Step, error) {
	return Step{stage: stageColour, apply: func(r *rand.Rand, c *canvas) {
			if happens(r, o.Probability) {
				change(c, float32(1+either(r, o.Amount)))
			}
		}}, cmp.Or(within("amount", o.Amount, 0, 1),
			within("probability", o.Probability, 0, 1))
}
