package evaluate

import (
	"cmp"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/metric"
)

// Calibrated says how true the probabilities of a model are.
type Calibrated struct {
	distance.Probability
	Prevalence       float64  `json:"prevalence"` // share of same among all pairs that it is for
	Brier            Measured `json:"brier"`
	CalibrationError Measured `json:"calibration_error"`
	// ByChance is the calibration error to be expected of a true probability on so few images.
	ByChance float64 `json:"calibration_error_by_chance"`

	Bins []metric.Bin `json:"bins"` // what is said and what is true, that the error is made of
}

// calibrated measures the model's probability on pairs, a share c.Prevalence of which is
// made same by weights.
func (c Config) calibrated(s *metric.Scored, pairs Pairs) *Calibrated {
	p := &Calibrated{Probability: *c.Probability, Prevalence: cmp.Or(c.Prevalence, distance.EvenPrevalence)}
	brier := metric.Brier(p.Probability, p.Prevalence)
	off := metric.CalibrationError(p.Probability, p.Prevalence)
	intervals := pairs.intervals(s, brier, off)
	p.Brier = Measured{Name: "brier", Value: brier.Value(s.Curve()), Better: metric.Lower, Interval: intervals[0]}
	p.CalibrationError = Measured{Name: "calibration_error", Value: off.Value(s.Curve()), Better: metric.Lower,
		Interval: intervals[1]}
	p.Bins = metric.Reliability(s.Curve(), p.Probability, p.Prevalence)
	left, right := pairs.drawn()
	p.ByChance = pairs.Sample.CalibrationByChance(s, left, right, p.Probability, p.Prevalence)
	return p
}
