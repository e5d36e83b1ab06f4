package miner

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/internal/named"
)

// relativeOptions are the options of the "relative" miner.
type relativeOptions struct {
	Share float32 `yaml:"share"` // of the positive's similarity that a negative's must be below; in (0,1]
}

// Relative is the name of the miner that reads distances as cosine distances.
const Relative = "relative"

var relative = named.Row[Miner]{
	Brief: "negatives less similar than a share of the positive's similarity: more similar ones may be false; needs distance cosine",
	Paper: "Moreira et al., NV-Retriever, 2024, arXiv:2407.15831, section 4.1, TopK-PercPos",
	New: func(raw named.Raw) (Miner, error) {
		o := relativeOptions{Share: 0.95} // the paper's best
		if err := named.Options(raw, &o); err != nil {
			return nil, err
		}
		if !(o.Share > 0 && o.Share <= 1) {
			return nil, fmt.Errorf("share must be above 0 and at most 1, got %g", o.Share)
		}
		return o.mine, nil
	},
}

// mine chooses the triplets with 1-an < share·(1-ap), 1 minus the distance being the cosine.
func (o relativeOptions) mine(s *op.Scope, t Triplets) tf.Output {
	one := tg.Const(s.SubScope("one"), float32(1))
	positive := op.Sub(s.SubScope("positive"), one, op.StopGradient(s.SubScope("ap"), t.AnchorPositive))
	negative := op.Sub(s.SubScope("negative"), one, op.StopGradient(s.SubScope("an"), t.AnchorNegative))
	limit := op.Mul(s.SubScope("limit"), positive, tg.Const(s.SubScope("share"), o.Share))
	return op.Less(s.SubScope("below"), negative, limit)
}
