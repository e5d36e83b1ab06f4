package evaluate

import (
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/metric"
)

// Wrong is what the threshold decides wrongly: of all pairs of the images where they have
// classes, else of the pairs that are listed.
type Wrong struct {
	Same         int64    `json:"same"` // pairs
	Different    int64    `json:"different"`
	FalseAccepts Measured `json:"false_accepts"` // share of the different pairs that is called same
	FalseRejects Measured `json:"false_rejects"` // share of the same pairs that is called different
}

// wrongAnswers are the two statistics of Wrong.
func wrongAnswers(t distance.Threshold) []metric.Statistic {
	return []metric.Statistic{metric.FalseAccepts(t.Value), metric.FalseRejects(t.Value)}
}

// wrong returns the values on c of the statistics of wrongAnswers, of which the intervals begin
// with those.
func wrong(c *metric.Curve, t distance.Threshold, intervals []metric.Interval) *Wrong {
	of, last := wrongAnswers(t), len(c.Distance)-1
	share := func(i int, name string) Measured {
		return Measured{Name: name, Value: of[i].Value(c), Better: metric.Lower, Interval: intervals[i]}
	}
	return &Wrong{Same: int64(c.Positives[last]), Different: int64(c.Negatives[last]),
		FalseAccepts: share(0, "false_accepts"), FalseRejects: share(1, "false_rejects")}
}
