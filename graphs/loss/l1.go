package loss

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

var l1 = named.Row[Loss]{
	Brief: "mean absolute difference of an embedding and its target",
	Paper: "mean absolute error, L1Loss of PyTorch",
	New: func(raw named.Raw) (Loss, error) {
		build := func(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
			values = meanAbsolute(s.SubScope("l1"), in)
			return values, all(s.SubScope("valid"), values)
		}
		return Loss{Needs: Targets, Build: build}, named.Options(raw, &struct{}{})
	},
}

// meanAbsolute adds 1/D Σ_d |x_d - t_d|, x an embedding, t its target: [N].
func meanAbsolute(s *op.Scope, in In) tf.Output {
	gap := op.Sub(s.SubScope("gap"), in.Embeddings, in.Targets)
	return rowMean(s.SubScope("mean"), op.Abs(s.SubScope("absolute"), gap))
}

// rowMean adds the mean of x over each row of x [N,D]: [N].
func rowMean(s *op.Scope, x tf.Output) tf.Output {
	return op.Mean(s.SubScope("mean"), x, tg.Const(s.SubScope("axis"), int32(1)))
}
