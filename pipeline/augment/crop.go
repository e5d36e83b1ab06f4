package augment

import (
	"cmp"
	"math"
	"math/rand/v2"
)

// cropOptions are the options of "crop". Defaults are the paper's.
type cropOptions struct {
	Area        span    `yaml:"area"`  // of the cut, in shares of the image; within 0.01 and 1
	Ratio       span    `yaml:"ratio"` // of its width to its height; within 0.1 and 10
	Probability float64 `yaml:"probability"`
}

var crop = row("cut out a part at random and enlarge it to the whole",
	"Szegedy et al., Going Deeper with Convolutions, 2014, arXiv:1409.4842, section 6",
	cropOptions{Area: span{0.08, 1}, Ratio: span{3. / 4, 4. / 3}, Probability: 1}, cropOptions.step)

func (o cropOptions) step() (Step, error) {
	return Step{stage: stageShape, apply: func(r *rand.Rand, c *canvas) {
			if happens(r, o.Probability) {
				c.cut(o.draw(r, float64(c.size)))
			}
		}}, cmp.Or(o.Area.check("area", 0.01, 1), o.Ratio.check("ratio", 0.1, 10),
			within("probability", o.Probability, 0, 1))
}

// draw returns the map of a part of the image, width w and height h, onto the whole.
func (o cropOptions) draw(r *rand.Rand, side float64) matrix {
	w, h := o.part(r)
	x, y := either(r, side*(1-w)/2), either(r, side*(1-h)/2) // centre of the part
	return scaling(1/w, 1/h).after(translation(-x, -y))
}

// part draws width and height in shares of the side: area even, ratio even in its
// logarithm, ten tries to fit, then the largest part of the last ratio.
func (o cropOptions) part(r *rand.Rand) (w, h float64) {
	for range 10 { // as torchvision's RandomResizedCrop
		ratio := math.Exp(span{math.Log(o.Ratio[0]), math.Log(o.Ratio[1])}.draw(r))
		area := o.Area.draw(r)
		w, h = math.Sqrt(area*ratio), math.Sqrt(area/ratio)
		if w <= 1 && h <= 1 {
			return w, h
		}
	}
	longer := max(w, h)
	return w / longer, h / longer
}
