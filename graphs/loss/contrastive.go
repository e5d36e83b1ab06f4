package loss

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// contrastiveOptions are the options of the "contrastive" loss.
type contrastiveOptions struct {
	Margin    float32 `yaml:"margin"` // distance beyond which a different pair costs nothing; > 0
	reduction `yaml:",inline"`
}

var contrastive = named.Row[Loss]{
	Brief: "pull same pairs together, push different pairs beyond a margin",
	Paper: "Hadsell, Chopra, LeCun, Dimensionality Reduction by Learning an Invariant Mapping, 2006, section 2.1",
	New: func(raw named.Raw) (Loss, error) {
		// The margin is that of Keras' siamese example, which averages over all pairs.
		o := contrastiveOptions{Margin: 1, reduction: reduction{"mean"}}
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		if err := positive("margin", o.Margin); err != nil {
			return Loss{}, err
		}
		nonZero, err := o.nonZero()
		return Loss{
			Needs:   Pairs,
			Build:   o.build,
			NonZero: nonZero,
			// With all distances 0, same pairs cost 0 and different ones margin²; half are different.
			Trivial: float64(o.Margin) * float64(o.Margin) / 2,
		}, err
	},
}

// build adds y·d² + (1-y)·max(0, margin-d)², y same and d the distance. The
// paper halves both terms; Keras does not, and nor do we.
func (o contrastiveOptions) build(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	one := tg.Const(s.SubScope("one"), float32(1))
	margin := tg.Const(s.SubScope("margin"), o.Margin)
	pull := op.Mul(s.SubScope("pull"), in.Same, op.Square(s.SubScope("square"), in.Distance))
	gap := op.Relu(s.SubScope("hinge"), op.Sub(s.SubScope("gap"), margin, in.Distance))
	different := op.Sub(s.SubScope("different"), one, in.Same)
	push := op.Mul(s.SubScope("push"), different, op.Square(s.SubScope("square_gap"), gap))
	values = op.AddV2(s.SubScope("sum"), pull, push)
	return values, all(s.SubScope("valid"), values)
}
