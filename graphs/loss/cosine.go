package loss

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

var cosineLoss = named.Row[Loss]{
	Brief: "one minus the cosine of an embedding and its target",
	Paper: "CosineEmbeddingLoss of PyTorch, of same pairs alone",
	New: func(raw named.Raw) (Loss, error) {
		build := func(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
			values = oneMinusCosine(s.SubScope("cosine"), in)
			return values, all(s.SubScope("valid"), values)
		}
		return Loss{Needs: Targets, Cosine: true, Build: build}, named.Options(raw, &struct{}{})
	},
}

// oneMinusCosine adds 1 - cos(x,t), x an embedding, t its target: [N], in [0,2].
func oneMinusCosine(s *op.Scope, in In) tf.Output {
	cosine := rowSum(s.SubScope("cosine"), op.Mul(s.SubScope("product"),
		unit(s.SubScope("images"), in.Embeddings), unit(s.SubScope("targets"), in.Targets)))
	one, zero := tg.Const(s.SubScope("one"), float32(1)), tg.Const(s.SubScope("zero"), float32(0))
	// Rounding may leave a cosine above 1, and a loss is never negative.
	return op.Maximum(s.SubScope("at_least_0"), op.Sub(s.SubScope("minus"), one, cosine), zero)
}
