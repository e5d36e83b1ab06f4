package metric

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/models/distance"
)

// OpenSet is what queries find first, once in a gallery that holds their answer and once
// in the same gallery without it: open-set identification. Phillips, Grother and
// Micheals, Evaluation Methods in Face Recognition, in Handbook of Face Recognition,
// 2nd edition, 2011, section 21.2. In the words of ISO/IEC 19795-1 the share of Unknown that
// is accepted is the false-positive identification rate (FPIR), and the share of Known that is
// accepted and right the true-positive identification rate at rank 1 (TPIR).
type OpenSet struct {
	Known   []float32 // [Q] distance of the nearest where the answer is there, finite
	Right   []bool    // [Q] whether that nearest is the answer
	Unknown []float32 // [U] distance of the nearest where the answer is taken out, finite
}

// SearchRate is a row of the trade-off of a search.
type SearchRate struct {
	Target     float64 `json:"target"`     // FPIR asked for, in (0,1)
	Measurable bool    `json:"measurable"` // whether U >= distance.Needed(Target); if not, Threshold is 0
	Threshold  float64 `json:"threshold"`  // the largest whose FPIR is at most Target
}

// Rates returns one SearchRate for each target. What they come to is for Detected and
// FalselyAccepted to say.
func (o OpenSet) Rates(targets []float64) ([]SearchRate, error) {
	rates := make([]SearchRate, 0, len(targets))
	for _, target := range targets {
		if !(target > 0 && target < 1) {
			return nil, fmt.Errorf("target of false-positive identification is %v, want a share between 0 and 1", target)
		}
		rate := SearchRate{Target: target, Measurable: len(o.Unknown) >= distance.Needed(target)}
		if rate.Measurable {
			rate.Threshold = distance.Limit(o.Unknown, nil, target)
		}
		rates = append(rates, rate)
	}
	return rates, nil
}

// Calibrate returns the distance up to which the nearest is taken for the answer, above
// which the query is said to have none, so that
//
//	(share known, accepted and right + share unknown and refused) / 2
//
// is largest, and that mean. Every query is asked both ways: U is Q. Half of the queries are
// then supposed to have no answer. The threshold lies midway between two distances; of
// several it is chosen as in the function Calibrate. Where no nearest is right it refuses everything. Errors are
// *DistanceError and *EmptyError.
func (o OpenSet) Calibrate() (threshold, mean float64, err error) {
	if len(o.Right) != len(o.Known) || len(o.Unknown) != len(o.Known) {
		panic("metric: length mismatch")
	}
	if len(o.Known) == 0 {
		return 0, 0, &EmptyError{Of: "queries"}
	}
	// What is known but wrong is wrong at every threshold. Among the rest the sum of both
	// shares is a count of right answers, as in the accuracy of pairs.
	distance := slices.Clone(o.Unknown)
	same := make([]bool, len(distance))
	for i, d := range o.Known {
		if o.Right[i] {
			distance, same = append(distance, d), append(same, true)
		}
	}
	if len(distance) == len(o.Unknown) {
		return below(slices.Min(distance)), 0.5, nil
	}
	scored, err := Score(distance, same, nil)
	if err != nil {
		return 0, 0, err
	}
	threshold, accuracy := Calibrate(scored.Curve())
	return threshold, accuracy * float64(len(distance)) / float64(2*len(o.Known)), nil
}

// Detected returns of each query [Q] 1 where its nearest is accepted, distance <=
// threshold, and right, else 0. Its mean is the detection and identification rate.
func (o OpenSet) Detected(threshold float64) []float64 {
	values := make([]float64, len(o.Known))
	for i, d := range o.Known {
		if o.Right[i] && float64(d) <= threshold {
			values[i] = 1
		}
	}
	return values
}

// FalselyAccepted returns of each query [Q] 1 where something is accepted although its
// answer is not there, else 0. Its mean is the false-accept rate.
func (o OpenSet) FalselyAccepted(threshold float64) []float64 {
	values := make([]float64, len(o.Unknown))
	for i, d := range o.Unknown {
		if float64(d) <= threshold {
			values[i] = 1
		}
	}
	return values
}
