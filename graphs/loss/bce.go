package loss

import (
	"math"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

var bce = named.Row[Loss]{
	Brief: "binary cross-entropy of a dense layer with one sigmoid unit on the distance",
	Paper: "Koch et al., Siamese Neural Networks for One-shot Image Recognition, 2015, section 3.1",
	New: func(raw named.Raw) (Loss, error) {
		return Loss{
			Needs: Pairs,
			Build: crossEntropy,
			Logit: logit,
			// ln 2: with all embeddings alike the best probability is that of the labels, 1/2.
			Trivial: math.Ln2,
		}, named.Options(raw, &struct{}{})
	},
}

// logit adds w·distance + b. The weight w starts negative: where it starts
// positive, larger distances mean "same", the tower pulls everything together
// before w has turned, and training stays there. It is unconstrained afterwards.
func logit(s *op.Scope, v *variable.Set, distance tf.Output) tf.Output {
	column := op.ExpandDims(s.SubScope("column"), distance, tg.Const(s.SubScope("axis"), int32(1)))
	odds := layer.DenseFrom(s.SubScope("dense"), v.Sub("probability"), column, 1,
		variable.NegativeGlorotUniform)
	return op.Reshape(s.SubScope("flatten"), odds, tg.Const(s.SubScope("shape"), []int32{-1}))
}

// crossEntropy adds -y·ln σ(z) - (1-y)·ln(1-σ(z)) in the form that cannot
// overflow: max(z,0) - z·y + ln(1+e^-|z|), z the logit and y same.
func crossEntropy(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	positive := op.Relu(s.SubScope("positive_part"), in.Logit)
	product := op.Mul(s.SubScope("product"), in.Logit, in.Same)
	magnitude := op.Abs(s.SubScope("magnitude"), in.Logit)
	tail := op.Log1p(s.SubScope("log1p"), op.Exp(s.SubScope("exp"), op.Neg(s.SubScope("negate"), magnitude)))
	values = op.AddV2(s.SubScope("sum"), op.Sub(s.SubScope("linear"), positive, product), tail)
	return values, all(s.SubScope("valid"), values)
}
