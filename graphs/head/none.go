package head

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

var none = named.Row[Head]{
	Brief: "the features are the embedding",
	New: func(raw named.Raw) (Head, error) {
		return Head{Build: func(_ *op.Scope, _ *variable.Set, _ layer.Mode, features tf.Output) tf.Output {
			return features
		}}, named.Options(raw, &struct{}{})
	},
}
