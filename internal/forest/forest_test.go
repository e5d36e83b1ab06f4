package forest

import (
	"math/rand/v2"
	"testing"
)

// TestForest holds roots against sets that are relabelled one by one.
func TestForest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	for try := range 50 {
		n := 1 + r.IntN(40)
		f, lowest := New(n), make([]int32, n)
		for i := range lowest {
			lowest[i] = int32(i)
		}
		for range r.IntN(60) {
			a, b := int32(r.IntN(n)), int32(r.IntN(n))
			f.Join(a, b)
			from, to := max(lowest[a], lowest[b]), min(lowest[a], lowest[b])
			for i := range lowest {
				if lowest[i] == from {
					lowest[i] = to
				}
			}
		}
		for i, want := range lowest {
			if got := f.Root(int32(i)); got != want {
				t.Errorf("try %d: root of %d is %d, want %d", try, i, got, want)
			}
		}
	}
}
