// Package miner holds the ways to choose triplets of a batch:
//
//	distances ap, an [M] of triplets → miner → which of them count [M]
//
// ap is the distance of anchor and positive, an that of anchor and negative. The
// triplets are those that were listed or drawn, or, of a balanced batch, all that
// its classes allow. A batch of which none is chosen has loss 0 and gradient 0.
package miner

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/internal/named"
)

// Triplets are what a miner chooses from.
type Triplets struct {
	Anchor         tf.Output // [M] int32: row of each triplet's anchor, in [0,N)
	AnchorPositive tf.Output // [M] float32: ap
	AnchorNegative tf.Output // [M] float32: an
	Images         tf.Output // [] int32: N
	Margin         float32   // of the loss, +Inf where it has none
}

// Miner adds the choice to s: [M] bool. No gradient flows through it.
type Miner func(s *op.Scope, t Triplets) tf.Output

// Every is the name of the miner that leaves nothing out.
const Every = "all"

// Table lists every miner. A new miner is a new file here and a new row.
var Table = named.Table[Miner]{Kind: "miner", Rows: map[string]named.Row[Miner]{
	Every:      all,
	"hard":     hard,
	Relative:   relative,
	"semihard": semihard,
}}

// plain makes the row of a miner without options.
func plain(brief, paper string, m Miner) named.Row[Miner] {
	return named.Row[Miner]{Brief: brief, Paper: paper, New: func(raw named.Raw) (Miner, error) {
		return m, named.Options(raw, &struct{}{})
	}}
}
