package graphs

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/head"
	"github.com/tfpair/tfpair/internal/names"
)

// BuildFit returns the graph of the closed form that the head of p starts from:
//
//	names.HeadInput [n,F], names.Labels [n], names.Classes [] → names.Head/head.Kernel [F,D], …/head.Bias [D]
//
// All but labels and their number are float32; sums are made in float64. The head of p must have a Fit.
// Errors are those of Build.
func BuildFit(p *Parts, features int64) (*tf.Graph, error) {
	root := tg.NewRoot()
	return finish(root, func() {
		x := feed(root, names.HeadInput, tf.Float, tf.MakeShape(-1, features))
		kernel, bias := p.Head.Fit(root.SubScope("fit"), head.Examples{
			Features: op.Cast(root.SubScope("wide"), x, tf.Double),
			Labels:   feed(root, names.Labels, tf.Int32, tf.MakeShape(-1)),
			Classes:  feed(root, names.Classes, tf.Int32, tf.ScalarShape()),
		})
		fetch(root, names.Head+"/"+head.Kernel, op.Cast(root.SubScope("kernel"), kernel, tf.Float))
		fetch(root, names.Head+"/"+head.Bias, op.Cast(root.SubScope("bias"), bias, tf.Float))
	})
}
