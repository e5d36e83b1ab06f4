package train

import (
	"strings"
	"testing"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/network"
)

// TestCollapseReasons: each way to go nowhere has its alarm, and a training that ranks
// better than chance has none, however few dimensions or tuples it uses.
func TestCollapseReasons(t *testing.T) {
	for _, c := range []struct {
		name                    string
		spread, rank, auc       float64
		loss, active            float64 // sums over two steps
		reason, advice, another string
	}{
		{"alike", 0.005, 3, 0.9, 1, 1, "all embeddings are alike", "lr (now 0.001)", ""},
		{"line", 0.5, 1.2, 0.5, 1, 1, "on a line (effective rank 1.20 of 8)", "lr", "minus that of same ones -0.25"},
		{"line that ranks", 0.5, 1.2, 0.9, 1, 1, "", "", ""},
		{"nothing active", 0.5, 3, 0.5, 0, 0, "no tuple costs anything", "raise the margin of loss.bce", "val.auc is 0.500"},
		{"nothing active any more", 0.5, 3, 0.99, 0, 0, "", "", ""},
		{"trivial", 0.5, 3, 0.5, 2, 2, "the loss is not below its trivial value, that of embeddings all alike (mean 1, trivial 1)", "labels", ""},
		{"trivial but ranks", 0.5, 3, 0.7, 2, 2, "", "", ""},
		{"learns", 0.5, 3, 0.5, 1.5, 2, "", "", ""},
	} {
		l := &loop{Config: Config{Resolved: mustResolve(t, tiny(t))}, step: 4,
			meter:   meter{epochLoss: c.loss, epochActive: c.active, epochSteps: 2, trivial: 1},
			network: &network.Network{Graph: &graphs.Graph{EmbeddingDim: 8}}}
		alarm := l.collapse(evaluate.Scores{Spread: c.spread, Rank: c.rank,
			Metrics: map[string]float64{"auc": c.auc}, Distances: metric.Distances{Gap: -0.25}})
		switch {
		case alarm == nil && c.reason != "":
			t.Errorf("%s: no alarm, want %q", c.name, c.reason)
		case alarm != nil && c.reason == "":
			t.Errorf("%s: alarm %+v, want none", c.name, alarm)
		case alarm != nil:
			for _, want := range []string{c.reason, c.advice, c.another} {
				if !strings.Contains(alarm.Reason+"\n"+alarm.Advice, want) {
					t.Errorf("%s: alarm %+v, want %q", c.name, alarm, want)
				}
			}
		}
	}
}

// TestCollapseBeforeTraining: where no step was made, the learning rate is not to blame.
func TestCollapseBeforeTraining(t *testing.T) {
	l := &loop{Config: Config{Resolved: mustResolve(t, tiny(t))},
		network: &network.Network{Graph: &graphs.Graph{EmbeddingDim: 8}}}
	alarm := l.collapse(evaluate.Scores{Spread: 0.005, Rank: 3})
	if alarm == nil || strings.Contains(alarm.Advice, "lr") || !strings.Contains(alarm.Advice, "train.seed") {
		t.Errorf("alarm %+v, want one that names the seed and not the learning rate", alarm)
	}
}
