// Package distance holds the ways to measure how far apart two embeddings are:
//
//	a [M,D], b [M,D] float32 → distance → [M] float32, 0 or more, smaller is closer
package distance

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/internal/named"
)

// Distance adds the distance of each row of a to the same row of b: [M,D],
// [M,D] float32 → [M] float32 >= 0. It is symmetric, and its gradient is finite
// everywhere.
type Distance func(s *op.Scope, a, b tf.Output) tf.Output

// Row is a distance under a name, as Table has it and as programs hand in their own. Its New
// decodes Options with their method Into, and checks them.
type Row = named.Row[Distance]

// Options are the options of a distance as a spec has them.
type Options = named.Raw

// Table lists every distance. A new distance is a new file here and a new row.
var Table = named.Table[Distance]{Kind: "distance", Rows: map[string]named.Row[Distance]{
	"cosine":      cosine,
	"euclidean":   euclidean,
	"sqeuclidean": sqEuclidean,
}}

// plain makes the row of a distance without options.
func plain(brief string, d Distance) named.Row[Distance] {
	return named.Row[Distance]{Brief: brief, New: func(raw named.Raw) (Distance, error) {
		return d, named.Options(raw, &struct{}{})
	}}
}
