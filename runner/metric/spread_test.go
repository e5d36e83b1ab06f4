package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func TestSummarize(t *testing.T) {
	// Positives 1 and 3: mean 2, deviation 1. Negatives 4, 4, 7: mean 5, deviation √2.
	got, err := Summarize([]float32{1, 4, 3, 4, 7}, kinds("10100"), nil)
	want := Distances{PositiveMean: 2, PositiveStd: 1, NegativeMean: 5, NegativeStd: math.Sqrt2, Gap: 3}
	if err != nil || got != want {
		t.Errorf("Summarize = %+v, %v, want %+v", got, err, want)
	}
}

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		name string
		rows []float32 // [N,2]
		want float64
	}{
		{"opposite", []float32{1, 0, -1, 0}, 1},
		{"orthogonal", []float32{1, 0, 0, 1}, math.Sqrt(0.5)}, // ½ around a centre of length² ½
		{"equal", []float32{3, 4, 3, 4, 3, 4}, 0},
		{"zero", []float32{0, 0, 0, 0}, 0},
		{"one", []float32{1, 2}, 0},
	} {
		for _, scale := range []float32{1, 1e-3, 1e6} {
			rows := make([]float32, len(c.rows))
			for i, v := range c.rows {
				rows[i] = scale * v
			}
			got, err := Spread(rows, 2)
			if err != nil || math.Abs(got-c.want) > 1e-7 { // the root of a rounding of 1e-16
				t.Errorf("%s × %g: Spread = %g, %v, want %g", c.name, scale, got, err, c.want)
			}
		}
	}
}

func TestSpreadOfCollapse(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 0))
	alike, fine := make([]float32, 64*16), make([]float32, 64*16)
	for i := range alike {
		alike[i] = 1 + 0.005*float32(r.NormFloat64()) // about 0.5 % of the length
		fine[i] = 1 + 0.05*float32(r.NormFloat64())
	}
	collapsed, err := Spread(alike, 16)
	if err != nil || !(collapsed < CollapsedBelow) {
		t.Errorf("Spread = %g, %v, want under %g", collapsed, err, CollapsedBelow)
	}
	if got, err := Spread(fine, 16); err != nil || got < CollapsedBelow {
		t.Errorf("Spread = %g, %v, want at least %g", got, err, CollapsedBelow)
	}
}

func TestSpreadRefuses(t *testing.T) {
	var empty *EmptyError
	if _, err := Spread(nil, 2); !errors.As(err, &empty) {
		t.Errorf("error = %v, want *EmptyError", err)
	}
	var embedding *EmbeddingError
	_, err := Spread([]float32{0, 1, 2, float32(math.Inf(1))}, 2)
	if !errors.As(err, &embedding) || embedding.Row != 1 || embedding.Column != 1 {
		t.Errorf("error = %v, want *EmbeddingError for row 1, column 1", err)
	}
	if _, err := Spread([]float32{1, 2, 3}, 2); err == nil {
		t.Error("half a row was taken")
	}
}
