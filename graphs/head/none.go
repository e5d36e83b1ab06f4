package head

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

var none = named.Row[Head]{
	Brief: "the features are the embedding",
	New: func(raw named.Raw) (Head, error) {
		if err := named.Options(raw, &struct{}{}); err != nil {
			return nil, err
		}
		return func(_ *op.Scope, _ *variable.Set, features tf.Output) tf.Output {
			return features
		}, nil
	},
}
