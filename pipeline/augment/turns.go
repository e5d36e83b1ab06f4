package augment

import "math/rand/v2"

// quarters are turns clockwise by 0, 90, 180 and 270 degrees, exact.
var quarters = [4]matrix{still, {b: -1, d: 1}, {a: -1, e: -1}, {b: 1, d: -1}}

// turns draws nothing: which turn an image is in is part of the Draw, and of its label.
var turns = row("quarter turns as classes of their own: training has four times the classes",
	"Santoro et al., One-shot Learning with Memory-Augmented Neural Networks, 2016, "+
		"arXiv:1605.06065, section 4.1", struct{}{},
	func(struct{}) (Step, error) {
		return Step{stage: stageTurn, classes: len(quarters), apply: func(_ *rand.Rand, c *canvas) {
			c.cut(quarters[c.turn])
		}}, nil
	})
