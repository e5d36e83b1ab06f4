package dataset

import (
	"math/rand/v2"
	"testing"
)

// A map of pairs, lower image first, is the reference.
func TestKnownPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var known knownPairs
	var pairs []Pair
	want := map[[2]int32]int{}
	for range 20_000 {
		left, right := r.Int32N(120), r.Int32N(120)
		key := [2]int32{min(left, right), max(left, right)}
		before, there := want[key]
		at, ok := known.first(pairs, left, right)
		if ok != there || there && at != before || !there && at != len(pairs) {
			t.Fatalf("first(%d, %d) of %d pairs = %d, %v, want %d, %v", left, right, len(pairs), at, ok, before, there)
		}
		if !there {
			want[key] = len(pairs)
		}
		pairs = append(pairs, Pair{Left: left, Right: right})
	}
}
