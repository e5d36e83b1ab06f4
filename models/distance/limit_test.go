package distance

import (
	"math/rand/v2"
	"testing"
)

// TestLimit holds the threshold against a count of each half between whole distances.
func TestLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	for try := range 300 {
		distances := make([]float32, 1+r.IntN(30))
		for i := range distances {
			distances[i] = float32(r.IntN(12))
		}
		share := float64(r.IntN(20)) / 20
		within := func(threshold float64) (n int) {
			for _, d := range distances {
				if float64(d) <= threshold {
					n++
				}
			}
			return n
		}
		most := 0 // accepted at any threshold that keeps the promise
		for threshold := -0.5; threshold < 13; threshold++ {
			if n := within(threshold); float64(n) <= share*float64(len(distances))+1e-9 {
				most = max(most, n)
			}
		}
		got := Limit(distances, nil, share)
		if within(got) != most {
			t.Fatalf("try %d: Limit(%v, %g) = %g, which accepts %d, want %d", try, distances, share, got, within(got), most)
		}
		for _, d := range distances {
			if float64(d) == got {
				t.Fatalf("try %d: Limit(%v, %g) = %g, which is a distance", try, distances, share, got)
			}
		}
	}
}

func TestLimitByHand(t *testing.T) {
	for _, c := range []struct {
		distances []float32
		weights   []float64
		share     float64
		want      float64
	}{
		{[]float32{4, 1, 3, 2}, nil, 0.5, 2.5}, // two of four
		{[]float32{4, 1, 3, 2}, nil, 0.49, 1.5},
		{[]float32{4, 1, 3, 2}, nil, 0.2, -1}, // one would be a quarter
		{[]float32{2, 2, 2, 9}, nil, 0.5, -1}, // two would be three
		{[]float32{7}, nil, 0.9, -1},
		{[]float32{4, 1, 3, 2}, []float64{1, 2, 0.5, 0.5}, 0.5, 1.5}, // 2 of 4; 2.5 would be too many
		{[]float32{4, 1, 3, 2}, []float64{1, 1, 0.5, 0.5}, 0.5, 3.5}, // 1, 1.5, 2
	} {
		if got := Limit(c.distances, c.weights, c.share); got != c.want {
			t.Errorf("Limit(%v, %g) = %g, want %g", c.distances, c.share, got, c.want)
		}
	}
}
