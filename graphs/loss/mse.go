package loss

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

var mse = named.Row[Loss]{
	Brief: "mean squared difference of an embedding and its target",
	Paper: "mean squared error, MSELoss of PyTorch",
	New: func(raw named.Raw) (Loss, error) {
		build := func(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
			values = meanSquare(s.SubScope("mse"), in)
			return values, all(s.SubScope("valid"), values)
		}
		return Loss{Needs: Targets, Build: build}, named.Options(raw, &struct{}{})
	},
}

// meanSquare adds 1/D Σ_d (x_d - t_d)², x an embedding, t its target: [N].
func meanSquare(s *op.Scope, in In) tf.Output {
	gap := op.Sub(s.SubScope("gap"), in.Embeddings, in.Targets)
	return rowMean(s.SubScope("mean"), op.Square(s.SubScope("square"), gap))
}
