package miner

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/internal/named"
)

// oracles say by plain loops whether triplet i counts.
var oracles = map[string]func(anchor []int32, ap, an []float32, margin float64, i int) bool{
	"all": func([]int32, []float32, []float32, float64, int) bool { return true },
	"hard": func(anchor []int32, ap, an []float32, _ float64, i int) bool {
		for j := range anchor {
			if anchor[j] == anchor[i] && (ap[j] > ap[i] || an[j] < an[i]) {
				return false
			}
		}
		return true
	},
	"relative": func(_ []int32, ap, an []float32, _ float64, i int) bool {
		return 1-float64(an[i]) < 0.95*(1-float64(ap[i])) // the default share
	},
	"semihard": func(_ []int32, ap, an []float32, margin float64, i int) bool {
		return an[i] > ap[i] && float64(an[i]) < float64(ap[i])+margin
	},
}

func mine(t *testing.T, name string, anchor []int32, ap, an []float32, margin float64) []float32 {
	t.Helper()
	m, err := Table.New(&named.Choice{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	n := int64(len(ap))
	in := []graphtest.Input{{Shape: []int64{n}, Data: ap}, {Shape: []int64{n}, Data: an}}
	return graphtest.Run(t, in, func(s *op.Scope, in []tf.Output) []tf.Output {
		chosen := m(s.SubScope("mine"), Triplets{Anchor: tg.Const(s.SubScope("anchor"), anchor),
			AnchorPositive: in[0], AnchorNegative: in[1],
			Images: tg.Const(s.SubScope("images"), int32(6)), Margin: float32(margin)})
		return []tf.Output{op.Cast(s.SubScope("chosen"), chosen, tf.Float)}
	})[0]
}

// TestTable holds each miner against its oracle, on distances of few values, so
// that there are ties, with a margin and without.
func TestTable(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	var anchor []int32
	var ap, an []float32
	for range 60 {
		anchor = append(anchor, int32(r.IntN(5))) // of 6 images one is no anchor
		ap, an = append(ap, float32(r.IntN(8))/8), append(an, float32(r.IntN(8))/8)
	}
	for _, name := range Table.Names() {
		for _, margin := range []float64{0.25, math.Inf(1)} {
			t.Run(fmt.Sprint(name, " ", margin), func(t *testing.T) {
				oracle := oracles[name]
				if oracle == nil {
					t.Fatal("no oracle")
				}
				chosen := 0
				for i, got := range mine(t, name, anchor, ap, an, margin) {
					if want := oracle(anchor, ap, an, margin, i); (got == 1) != want {
						t.Errorf("triplet %d, anchor %d, ap %v, an %v: chosen %v, want %v",
							i, anchor[i], ap[i], an[i], got == 1, want)
					}
					chosen += int(got)
				}
				if chosen == 0 {
					t.Error("nothing chosen")
				}
			})
		}
	}
}

// TestRelativeShare: a share of the positive's similarity above 0 and at most 1.
func TestRelativeShare(t *testing.T) {
	for share, ok := range map[float64]bool{0: false, 0.5: true, 1: true, 1.01: false} {
		c, err := named.Choose(Relative, map[string]any{"share": share})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&c); (err == nil) != ok {
			t.Errorf("share %g: %v", share, err)
		}
	}
}
