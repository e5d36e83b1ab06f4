package augment

import (
	"cmp"
	"math"
	"math/rand/v2"
)

// hueOptions are the options of "hue".
type hueOptions struct {
	Degrees     float64 `yaml:"degrees"` // largest turn of the colour circle either way; 0 to 180
	Probability float64 `yaml:"probability"`
}

var hue = row("turn the colour circle; greys stay as they are",
	"W3C, Filter Effects Module Level 1, 2018, feColorMatrix, hueRotate",
	hueOptions{Degrees: 36, Probability: 1}, hueOptions.step) // a tenth of the circle

func (o hueOptions) step() (Step, error) {
	return Step{stage: stageColour, apply: func(r *rand.Rand, c *canvas) {
			if happens(r, o.Probability) {
				c.colour(hueTurn(either(r, o.Degrees)))
			}
		}}, cmp.Or(within("degrees", o.Degrees, 0, 180),
			within("probability", o.Probability, 0, 1))
}

// hueTurn returns base + cos·(1 - base) + sin·turn. It keeps the luma, in the weights
// of base, and composes with the other tints; turning the hue of HSV, as torchvision
// does, would do neither.
func hueTurn(degrees float64) (t tint) {
	base := [3]float64{0.213, 0.715, 0.072} // the standard's luma, its turn below likewise
	turn := [3][3]float64{{-0.213, -0.715, 0.928}, {0.143, 0.140, -0.283}, {-0.787, 0.715, 0.072}}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	for i := range turn {
		for j, share := range base {
			t[i][j] = float32(share - cos*share + sin*turn[i][j])
		}
		t[i][i] += float32(cos)
	}
	return t
}
