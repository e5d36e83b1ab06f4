package metric

import (
	"math"

	"github.com/tfpair/tfpair/models/distance"
)

// Distances is the mean and standard deviation of the distances of either kind of
// pair, in units of the distance.
type Distances struct {
	PositiveMean float64 `json:"positive_mean"`
	PositiveStd  float64 `json:"positive_std"`
	NegativeMean float64 `json:"negative_mean"`
	NegativeStd  float64 `json:"negative_std"`
	Gap          float64 `json:"gap"` // NegativeMean − PositiveMean: above 0 where same is closer
}

// Summarize returns the statistics of distance [M] float32, where same [M] marks
// positive pairs and weight [M], as for Score, how often each counts; deviations are those
// of a population (divided by the count). Errors are *DistanceError and *DegenerateError.
func Summarize(distance []float32, same []bool, weight []float64) (Distances, error) {
	if err := check(distance, same); err != nil {
		return Distances{}, err
	}
	var d Distances
	d.PositiveMean, d.PositiveStd = moments(distance, same, weight, true)
	d.NegativeMean, d.NegativeStd = moments(distance, same, weight, false)
	d.Gap = d.NegativeMean - d.PositiveMean
	return d, nil
}

// moments returns mean and standard deviation of the distances of one kind. It goes
// over them twice: a sum of squares would lose the deviation of alike distances.
func moments(distance []float32, same []bool, weight []float64, kind bool) (mean, std float64) {
	of := func(pair int) float64 {
		if weight == nil {
			return 1
		}
		return weight[pair]
	}
	count := 0.0
	for i, d := range distance {
		if same[i] == kind {
			mean += of(i) * float64(d)
			count += of(i)
		}
	}
	mean /= count
	for i, d := range distance {
		if same[i] == kind {
			std += of(i) * (float64(d) - mean) * (float64(d) - mean)
		}
	}
	return mean, math.Sqrt(std / count)
}

// CollapsedBelow is the Spread below which embeddings are all alike: two of them are
// then, root mean square, less than √2 % of their own length apart.
const CollapsedBelow = 0.01

// Spread says how far embeddings [N,D] float32, N >= 1, are from being all the same:
//
//	Spread = sqrt(mean ‖e − centre‖² / mean ‖e‖²),  centre = mean e
//
// It is in [0,1] and does not change when all are scaled: 0 (to 1e-8) where they are
// equal, 1 where they surround the origin. The numerator is the sum of the variances
// of the dimensions. Embeddings are collapsed when Spread < CollapsedBelow. One
// embedding, or embeddings that are all zero, have Spread 0. Errors are
// *EmbeddingError, *EmptyError where there is none, and a shape that does not fit.
func Spread(embeddings []float32, dim int) (float64, error) {
	if err := checkRows(embeddings, dim); err != nil {
		return 0, err
	}
	if len(embeddings) == 0 {
		return 0, &EmptyError{Of: "embeddings"}
	}
	count := float64(len(embeddings) / dim)
	centre := make([]float64, dim)
	for i, v := range embeddings {
		centre[i%dim] += float64(v) / count
	}
	around, total := 0.0, distance.Energy(embeddings)
	for i, v := range embeddings {
		d := float64(v) - centre[i%dim]
		around += d * d
	}
	if total == 0 {
		return 0, nil
	}
	return math.Sqrt(min(1, around/total)), nil // rounding may exceed 1 by 1e-16
}
