package evaluate

import (
	"errors"
	"math"
	"slices"

	"github.com/tfpair/tfpair/runner/metric"
)

// Folds is the accuracy on pairs of a protocol of folds. The threshold of each fold is the one that
// calls most pairs of all other folds right.
//
// Huang et al., Labeled Faces in the Wild, 2007, section III.B: the mean of the folds, and its standard
// error, the standard deviation of the folds (of n-1) by the root of their number.
type Folds struct {
	Accuracy      []float64 `json:"accuracy"`  // of each fold
	Threshold     []float64 `json:"threshold"` // likewise
	Mean          float64   `json:"mean"`
	StandardError float64   `json:"standard_error"`
}

// acrossFolds measures pairs with their folds by the distance [M] of each. The error is a
// *metric.DegenerateError, or says that there is one fold only.
func acrossFolds(distances []float32, p Pairs) (*Folds, error) {
	folds := slices.Compact(slices.Sorted(slices.Values(p.Fold)))
	if len(folds) < 2 {
		return nil, errors.New("all pairs are of one fold, want at least 2: each has its threshold from the others")
	}
	var f Folds
	for _, fold := range folds {
		others, err := scoreWhere(distances, p, func(of int) bool { return of != fold })
		if err != nil {
			return nil, err
		}
		threshold, _ := metric.Calibrate(others.Curve())
		right, all := 0, 0
		for i, of := range p.Fold {
			if of != fold {
				continue
			}
			all++
			if (float64(distances[i]) <= threshold) == p.Same[i] {
				right++
			}
		}
		f.Threshold, f.Accuracy = append(f.Threshold, threshold), append(f.Accuracy, float64(right)/float64(all))
	}
	n := float64(len(folds))
	for _, a := range f.Accuracy {
		f.Mean += a / n
	}
	var squares float64
	for _, a := range f.Accuracy {
		squares += (a - f.Mean) * (a - f.Mean)
	}
	f.StandardError = math.Sqrt(squares/(n-1)) / math.Sqrt(n)
	return &f, nil
}

// scoreWhere scores the pairs of the folds that want tells.
func scoreWhere(distances []float32, p Pairs, want func(fold int) bool) (*metric.Scored, error) {
	var some []float32
	var same []bool
	for i, fold := range p.Fold {
		if want(fold) {
			some, same = append(some, distances[i]), append(same, p.Same[i])
		}
	}
	return metric.Score(some, same, nil)
}
