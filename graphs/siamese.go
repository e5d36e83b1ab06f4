package graphs

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

// topology is the shape of a graph: what follows the embedding.
type topology func(*assembly)

// Topologies lists every topology. A new one is a new file here and a new row.
var Topologies = named.Table[topology]{Kind: "topology", Rows: map[string]named.Row[topology]{
	"siamese": {
		Brief: "pairs of images, same or different",
		Paper: "Bromley et al., Signature Verification using a Siamese Time Delay Neural Network, 1993",
		New:   func(named.Raw) (topology, error) { return siamese, nil },
	},
}}

// siamese adds embed → gather left and right → distance → loss over pairs.
func siamese(a *assembly) {
	embedding := a.embed()
	pairs := tf.MakeShape(-1)
	left := feed(a.root, names.Left, tf.Int32, pairs)
	right := feed(a.root, names.Right, tf.Int32, pairs)
	x := a.parts.Distance(a.root.SubScope("compare"),
		gather(a.root.SubScope("gather_left"), embedding, left),
		gather(a.root.SubScope("gather_right"), embedding, right))
	in := loss.In{
		Distance: fetch(a.root, names.Distance, x),
		Same:     feed(a.root, names.Same, tf.Float, pairs),
	}
	scope, v := a.root.SubScope("objective"), a.variables.Sub(names.LossScope)
	if a.parts.Loss.Logit != nil {
		in.Logit = a.parts.Loss.Logit(scope.SubScope("logit"), v, in.Distance)
		fetch(a.root, names.Probability, op.Sigmoid(scope.SubScope("sigmoid"), in.Logit))
		a.graph.Probable = true
	}
	a.minimize(a.parts.Loss.Build(scope.SubScope("loss"), v, in))
}

// gather adds the rows of x [N,D] at index [M] int32: [M,D].
func gather(s *op.Scope, x, index tf.Output) tf.Output {
	return op.GatherV2(s.SubScope("rows"), x, index, tg.Const(s.SubScope("axis"), int32(0)))
}
