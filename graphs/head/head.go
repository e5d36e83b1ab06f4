// Package head holds the small nets between features and embedding:
//
//	features [N,F] float32 → head → embedding [N,D] float32
//
// A head starts from drawn values, or from a closed form: see Fit.
package head

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// Head is a net between features and embedding.
type Head struct {
	// Build adds the head to s: features [N,F] float32 → embedding [N,D] float32.
	Build func(s *op.Scope, v *variable.Set, m layer.Mode, features tf.Output) tf.Output
	// Modes says that the head computes something else in training than in inference.
	Modes bool
	// Trained says that steps change some of its variables.
	Trained bool
	// Fit is the closed form that its dense layer starts from; nil: all values are drawn.
	Fit Fit
	// Classes says that Fit reads Labels.
	Classes bool
}

// Table lists every head. A new head is a new file here and a new row.
var Table = named.Table[Head]{Kind: "head", Rows: map[string]named.Row[Head]{
	"linear": linear,
	"mlp":    mlp,
	"none":   none,
	"whiten": whiten,
}}

// width is the option of heads that choose D.
type width struct {
	EmbeddingDim int64 `yaml:"embedding_dim"` // D; > 0
}

func (w width) check() error {
	if w.EmbeddingDim <= 0 {
		return fmt.Errorf("embedding_dim must be positive, got %d", w.EmbeddingDim)
	}
	return nil
}

// dense adds features · kernel + bias, the layer that Fit is about.
func (w width) dense(s *op.Scope, v *variable.Set, features tf.Output) tf.Output {
	return layer.Dense(s.SubScope(denseLayer), v.Sub(denseLayer), features, w.EmbeddingDim)
}
