package head

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// linearOptions are the options of the "linear" head.
type linearOptions struct {
	EmbeddingDim int64 `yaml:"embedding_dim"` // D; > 0
}

var linear = named.Row[Head]{
	Brief: "one dense layer without activation",
	New: func(raw named.Raw) (Head, error) {
		o := linearOptions{EmbeddingDim: 128} // as wide as program 1's tower
		if err := named.Options(raw, &o); err != nil {
			return nil, err
		}
		if o.EmbeddingDim <= 0 {
			return nil, fmt.Errorf("embedding_dim must be positive, got %d", o.EmbeddingDim)
		}
		return o.build, nil
	},
}

// build adds features · kernel + bias.
func (o linearOptions) build(s *op.Scope, v *variable.Set, features tf.Output) tf.Output {
	return layer.Dense(s.SubScope("dense"), v.Sub("dense"), features, o.EmbeddingDim)
}
