// Package loss holds the training objectives, one per file:
//
//	distances, same → loss → per-tuple values [M] and which of them count [M] → mean, scalar
//
// Functions here add operations to a graph and run nothing. They do not return
// errors: a mistake is recorded in the scope and reported once, by graphs.Build.
package loss

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// In is what a batch offers a loss. graphs.Build fills it.
type In struct {
	Distance tf.Output // [M] float32 >= 0: distance of each pair
	Same     tf.Output // [M] float32: 1 for same, 0 for different
	Logit    tf.Output // [M] float32: what Logit returned; unset where that is nil
}

// Loss is one objective.
type Loss struct {
	// Build adds the loss of each tuple to s: values [M] float32, finite and >= 0,
	// and valid [M] bool, which tuples count. Variables of its own come from v.
	Build func(s *op.Scope, v *variable.Set, in In) (values, valid tf.Output)

	// Logit adds the log-odds of "same" to s, [M] float32, from distances [M]
	// float32; it is part of the exported model. Nil where the loss has none.
	Logit func(s *op.Scope, v *variable.Set, distance tf.Output) tf.Output

	// Trivial is the value the loss stays at when embeddings of all images are
	// alike and half of the pairs are same: the mark of a collapsed training.
	Trivial float64
}

// Table lists every loss. A new loss is a new file here and a new row.
var Table = named.Table[Loss]{Kind: "loss", Rows: map[string]named.Row[Loss]{
	"bce":         bce,
	"contrastive": contrastive,
}}
