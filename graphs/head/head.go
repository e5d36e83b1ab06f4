// Package head holds the small nets between features and embedding:
//
//	features [N,F] float32 → head → embedding [N,D] float32
package head

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// Head adds a head to s: features [N,F] float32 → embedding [N,D] float32.
type Head func(s *op.Scope, v *variable.Set, features tf.Output) tf.Output

// Table lists every head. A new head is a new file here and a new row.
var Table = named.Table[Head]{Kind: "head", Rows: map[string]named.Row[Head]{
	"linear": linear,
	"none":   none,
}}
