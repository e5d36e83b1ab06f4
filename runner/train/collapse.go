package train

import (
	"fmt"

	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
)

const (
	// nearTrivial is the share of the trivial loss above which a training has not
	// left it: half a percent is more than the noise of the mean over an epoch.
	nearTrivial = 0.995
	// nearChance is the AUC below which ranking is no better than guessing.
	nearChance = 0.6
)

// collapse returns an alarm where the embeddings are all alike, or the loss stays
// at the value it has when they are and pairs are ranked as by chance; else nil.
func (l *loop) collapse(s evaluate.Scores) *Alarmed {
	lower := fmt.Sprintf("lower optimizer.%s.lr (now %g)", l.Spec.Optimizer.Name, l.network.Parts.Optimizer.LR)
	if s.Spread < metric.CollapsedBelow {
		return &Alarmed{Step: l.step,
			Reason: fmt.Sprintf("collapse: all embeddings are alike (spread %.2g, below %g)",
				s.Spread, metric.CollapsedBelow),
			Advice: lower + ", or set another train.seed"}
	}
	if l.meter.epochSteps == 0 {
		return nil
	}
	mean, trivial := l.meter.epochLoss/float64(l.meter.epochSteps), float64(l.trivial)
	if auc := s.Metrics["auc"]; trivial > 0 && mean >= nearTrivial*trivial && auc < nearChance {
		return &Alarmed{Step: l.step,
			Reason: fmt.Sprintf("collapse: the loss stays at its trivial value (mean %.4g, trivial %.4g) and val.auc is %.3f",
				mean, trivial, auc),
			Advice: lower + ", check the labels of the data, or set another train.seed"}
	}
	return nil
}
