package loss

import (
	"errors"
	"fmt"
	"math"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// smallestSine2 is the clamp of a squared sine: the gradient of its root is infinite
// at 0. Below it an angle of 0.3 thousandths is taken for one of that size.
const smallestSine2 = 1e-7

// arcFaceOptions are the options of the "arcface" loss.
type arcFaceOptions struct {
	Margin   float32 `yaml:"margin"` // added to the angle with the own class, radians; in (0,π/2)
	Scale    float32 `yaml:"scale"`  // what cosines are multiplied by; > 0
	perClass `yaml:",inline"`
}

var arcFace = named.Row[Loss]{
	Brief: "softmax over a learned vector of each class, with a margin on the angle",
	Paper: "Deng et al., ArcFace, 2019, arXiv:1801.07698, equation 3",
	New: func(raw named.Raw) (Loss, error) {
		o := arcFaceOptions{Margin: 0.5, Scale: 64} // the paper's
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		if !(o.Margin > 0 && o.Margin < math.Pi/2) {
			return Loss{}, fmt.Errorf("margin must be between 0 and π/2, got %g", o.Margin)
		}
		return Loss{Needs: Classes, Cosine: true, Build: o.build, PerClass: true, Classes: o.Classes},
			errors.Join(positive("scale", o.Scale), o.check())
	},
}

// build adds, for each image, -ln(e^(γ·cos(θ_y+m)) / (e^(γ·cos(θ_y+m)) + Σ_j
// e^(γ·cos θ_j))), θ_j the angle with the vector of class j, y its own, j over the
// others, m the margin, γ the scale.
func (o arcFaceOptions) build(s *op.Scope, v *variable.Set, in In) (values, valid tf.Output) {
	cosine := o.cosines(s.SubScope("vectors"), v, "classes", in)
	own := o.members(s.SubScope("own"), in)
	target := rowSum(s.SubScope("target"), op.Mul(s.SubScope("of_own"), cosine, own))
	harder := o.harder(s.SubScope("harder"), target)
	change := column(s.SubScope("change"), op.Sub(s.SubScope("difference"), harder, target))
	logits := times(s.SubScope("scale"), op.AddV2(s.SubScope("logits"), cosine,
		op.Mul(s.SubScope("own_change"), own, change)), o.Scale)
	everything := op.OnesLike(s.SubScope("everything"), own)
	values = op.Sub(s.SubScope("minus_log"),
		logSumExp(s.SubScope("all"), logits, everything, false),
		times(s.SubScope("own_logit"), harder, o.Scale))
	return values, all(s.SubScope("valid"), values)
}

// harder adds cos(θ+m) = cos θ · cos m - sin θ · sin m of cosine [N]. Beyond π-m,
// where that would rise again, it is cos θ - m · sin m, as in the authors' code.
func (o arcFaceOptions) harder(s *op.Scope, cosine tf.Output) tf.Output {
	m := float64(o.Margin)
	square := op.Square(s.SubScope("square"), cosine)
	sine2 := plus(s.SubScope("sine2"), times(s.SubScope("minus_square"), square, -1), 1)
	sine := op.Sqrt(s.SubScope("sine"), op.Maximum(s.SubScope("at_least"), sine2,
		tg.Const(s.SubScope("clamp"), float32(smallestSine2))))
	turned := op.Sub(s.SubScope("turned"), times(s.SubScope("cos"), cosine, float32(math.Cos(m))),
		times(s.SubScope("sin"), sine, float32(math.Sin(m))))
	beyond := plus(s.SubScope("beyond"), cosine, float32(-m*math.Sin(m)))
	inside := op.GreaterEqual(s.SubScope("inside"), cosine,
		tg.Const(s.SubScope("end"), float32(-math.Cos(m))))
	return op.Select(s.SubScope("either"), inside, turned, beyond)
}
