package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestAcrossFolds: plain loops over every threshold give the same accuracies. An accuracy is the best
// on the other folds, so thresholds need not be equal, only as good there.
func TestAcrossFolds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var p Pairs
	var distances []float32
	for i := range 600 {
		same := r.IntN(2) == 0
		d := float32(math.Round(100*(r.Float64()+map[bool]float64{true: 0, false: 0.4}[same])) / 100) // with ties
		p.add(int32(i), int32(i), same)
		p.Fold, distances = append(p.Fold, i/60+1), append(distances, d)
	}
	got, err := acrossFolds(distances, p)
	if err != nil {
		t.Fatal(err)
	}
	accuracy := func(threshold float64, in func(fold int) bool) float64 {
		right, all := 0.0, 0.0
		for i, fold := range p.Fold {
			if in(fold) {
				all++
				if (float64(distances[i]) <= threshold) == p.Same[i] {
					right++
				}
			}
		}
		return right / all
	}
	mean, squares := 0.0, 0.0
	for fold := 1; fold <= 10; fold++ {
		others := func(of int) bool { return of != fold }
		best := 0.0
		for _, d := range distances {
			best = max(best, accuracy(float64(d), others))
		}
		threshold := got.Threshold[fold-1]
		if at := accuracy(threshold, others); at != best {
			t.Errorf("fold %d: the threshold %g calls %g of the other folds right, %g is possible", fold, threshold, at, best)
		}
		if want := accuracy(threshold, func(of int) bool { return of == fold }); got.Accuracy[fold-1] != want {
			t.Errorf("fold %d: accuracy %g, want %g", fold, got.Accuracy[fold-1], want)
		}
		mean += got.Accuracy[fold-1] / 10
	}
	for _, a := range got.Accuracy {
		squares += (a - mean) * (a - mean)
	}
	if want := math.Sqrt(squares/9) / math.Sqrt(10); math.Abs(got.Mean-mean) > 1e-12 || math.Abs(got.StandardError-want) > 1e-12 {
		t.Errorf("mean %g ± %g, want %g ± %g", got.Mean, got.StandardError, mean, want)
	}
}

func TestAcrossOneFold(t *testing.T) {
	p := Pairs{Same: []bool{true, false}, Fold: []int{3, 3}}
	if _, err := acrossFolds([]float32{1, 2}, p); err == nil {
		t.Error("one fold has a threshold from others")
	}
}
