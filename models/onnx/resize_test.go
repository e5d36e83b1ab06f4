package onnx

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWeights: by hand. Half the size weighs the two pixels below with 3/8 each and their neighbours with 1/8, where
// there are any; twice the size lies a quarter of a pixel off.
func TestWeights(t *testing.T) {
	near := cmp.Comparer(func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 })
	for _, c := range []struct {
		from, to int
		want     []float32
	}{
		{3, 3, []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}},
		{4, 2, []float32{3. / 7, 3. / 7, 1. / 7, 0, 0, 1. / 7, 3. / 7, 3. / 7}},
		{2, 4, []float32{1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1}},
	} {
		got := weights(c.from, c.to, float32(c.to)/float32(c.from))
		if diff := cmp.Diff(c.want, got, near); diff != "" {
			t.Errorf("%d to %d (-want +got):\n%s", c.from, c.to, diff)
		}
	}
	if diff := cmp.Diff([]float32{1, 3, 5, 2, 4, 6}, transposed([]float32{1, 2, 3, 4, 5, 6}, 2)); diff != "" {
		t.Errorf("transposed (-want +got):\n%s", diff)
	}
}
