package metric

import (
	"slices"
)

// OpenSet is what queries find first, once in a gallery that holds their answer and once
// in the same gallery without it: open-set identification. Phillips, Grother and
// Micheals, Evaluation Methods in Face Recognition, in Handbook of Face Recognition,
// 2nd edition, 2011, section 21.2.
type OpenSet struct {
	Known   []float32 // [Q] distance of the nearest where the answer is there, finite
	Right   []bool    // [Q] whether that nearest is the answer
	Unknown []float32 // [Q] distance of the nearest where the answer is taken out, finite
}

// Calibrate returns the distance up to which the nearest is taken for the answer, above
// which the query is said to have none, so that
//
//	(share known, accepted and right + share unknown and refused) / 2
//
// is largest, and that mean. Half of the queries are then supposed to have no answer.
// The threshold lies midway between two distances; of several it is chosen as in the
// function Calibrate. Where no nearest is right it refuses everything. Errors are
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
