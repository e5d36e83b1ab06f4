package augment

import (
	"cmp"
	"math/rand/v2"
)

// affineOptions are the options of "affine". Defaults are the paper's; its ±2 pixels
// are of 105.
type affineOptions struct {
	Degrees float64 `yaml:"degrees"` // largest turn either way; 0 to 180
	Shear   float64 `yaml:"shear"`   // largest shear either way, horizontal and vertical; 0 to 0.9
	Scale   span    `yaml:"scale"`   // of width and of height; within 0.5 and 2
	Shift   float64 `yaml:"shift"`   // largest move either way, in shares of the side; 0 to 1
	Each    float64 `yaml:"each"`    // probability of each of the seven parts
	Border  string  `yaml:"border"`  // what lies outside: edge, ground or a colour
}

var affine = row("turn, shear, scale and move, each part or not", koch+", affine distortions",
	affineOptions{Degrees: 10, Shear: 0.3, Scale: span{0.8, 1.2}, Shift: 2. / 105, Each: 0.5,
		Border: "edge"}, affineOptions.step)

func (o affineOptions) step() (Step, error) {
	b, err := parseBorder(o.Border)
	return Step{stage: stageShape, apply: func(r *rand.Rand, c *canvas) {
			c.move(o.draw(r, c.size), b)
		}}, cmp.Or(within("degrees", o.Degrees, 0, 180), within("shear", o.Shear, 0, 0.9),
			o.Scale.check("scale", 0.5, 2), within("shift", o.Shift, 0, 1),
			within("each", o.Each, 0, 1), err)
}

// draw returns shift · turn · shear · scale; the paper does not give an order.
func (o affineOptions) draw(r *rand.Rand, size int) matrix {
	part := func(still, drawn float64) float64 {
		if happens(r, o.Each) {
			return drawn
		}
		return still
	}
	side := float64(size)
	turn := rotation(part(0, either(r, o.Degrees)))
	shear := matrix{a: 1, b: part(0, either(r, o.Shear)), d: part(0, either(r, o.Shear)), e: 1}
	scale := scaling(part(1, o.Scale.draw(r)), part(1, o.Scale.draw(r)))
	shift := translation(side*part(0, either(r, o.Shift)), side*part(0, either(r, o.Shift)))
	return shift.after(turn).after(shear).after(scale)
}
