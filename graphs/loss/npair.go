package loss

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// nPairOptions are the options of the "npair" loss.
type nPairOptions struct {
	// L2 is the weight of a quarter of the embeddings' squared norms, which dot products
	// would let grow; >= 0.
	L2 float32 `yaml:"l2"`
}

var nPair = named.Row[Loss]{
	Brief: "one pair of each class; each anchor picks its positive out of all, by dot product",
	Paper: "Sohn, Improved Deep Metric Learning with Multi-class N-pair Loss Objective, 2016, " +
		"equation 5",
	New: func(raw named.Raw) (Loss, error) {
		o := nPairOptions{L2: 0.002} // it and the quarter are those of TensorFlow's npairs_loss
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		if !(o.L2 >= 0) {
			return Loss{}, fmt.Errorf("l2 must be 0 or more, got %g", o.L2)
		}
		return Loss{Needs: Classes, Build: o.build}, nil
	},
}

// build adds, for each class i with two images, -ln(e^(f_i·g_i) / Σ_j e^(f_i·g_j)) +
// l2/4 (‖f_i‖² + ‖g_i‖²), f the first image of a class in the batch, g the second, j
// over the classes with two images.
func (o nPairOptions) build(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	positive, _ := sides(s.SubScope("sides"), in)
	// Every image is taken for an anchor f; those that are not first are then left out.
	second := op.ArgMax(s.SubScope("second"), positive, tg.Const(s.SubScope("rows"), int32(1)),
		op.ArgMaxOutputType(tf.Int32))
	partner := op.GatherV2(s.SubScope("partner"), in.Embeddings, second,
		tg.Const(s.SubScope("axis"), int32(0)))
	product := op.MatMul(s.SubScope("product"), in.Embeddings, partner,
		op.MatMulTransposeB(true))
	valid = firsts(s.SubScope("first"), positive)
	first := op.Cast(s.SubScope("first_float"), valid, tf.Float)
	// [N,N], the same row for every image: which classes it picks from.
	choices := op.Mul(s.SubScope("choices"), op.OnesLike(s.SubScope("ones"), positive),
		row(s.SubScope("row"), first))
	own := rowSum(s.SubScope("own"), op.Mul(s.SubScope("products"), in.Embeddings, partner))
	cost := op.Sub(s.SubScope("minus_log"),
		logSumExp(s.SubScope("all"), product, choices, false), own)
	norms := op.AddV2(s.SubScope("norms"),
		rowSum(s.SubScope("anchor_norm"), op.Square(s.SubScope("square"), in.Embeddings)),
		rowSum(s.SubScope("partner_norm"), op.Square(s.SubScope("partner_square"), partner)))
	cost = op.AddV2(s.SubScope("regularised"), cost, times(s.SubScope("l2"), norms, o.L2/4))
	return where(s.SubScope("valid_values"), valid, cost), valid
}

// firsts adds which images are the first of a class that has another: [N] bool. It
// counts the positives that come before.
func firsts(s *op.Scope, positive tf.Output) tf.Output {
	unlimited := tg.Const(s.SubScope("unlimited"), int64(-1))
	none := tg.Const(s.SubScope("none"), int64(0))
	before := op.MatrixBandPart(s.SubScope("before"), positive, unlimited, none)
	return op.LogicalAnd(s.SubScope("both"), anyOf(s.SubScope("another"), positive),
		op.LogicalNot(s.SubScope("is_first"), anyOf(s.SubScope("earlier"), before)))
}
