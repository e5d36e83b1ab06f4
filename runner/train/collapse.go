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
	// lineBelow is the effective rank below which embeddings use one dimension: between
	// 1, a line, and 2, a disc.
	lineBelow = 1.5
)

// collapse returns an alarm where a training goes nowhere, else nil: where the
// embeddings are all alike; or where pairs are ranked as by chance and the embeddings
// lie on a line, no tuple costs anything, or the loss stays at the value it has when
// the embeddings are alike.
func (l *loop) collapse(s evaluate.Scores) *Alarmed {
	lower := fmt.Sprintf("lower optimizer.%s.lr (now %g)", l.Spec.Optimizer.Name,
		l.Optimizer.LR)
	if l.Spec.Miner.Name == "hard" { // whose triplets all ask to pull together at first
		lower += ", set miner=semihard"
	}
	again := lower + ", or set another train.seed"
	if l.step == 0 { // no step is to blame
		again = "set another train.seed, or train: train.steps is 0"
	}
	auc, steps := s.Metrics["auc"], float64(l.meter.epochSteps)
	chance, moved := auc < nearChance, steps > 0
	ranked := fmt.Sprintf("val.auc is %.3f, the mean distance of different pairs minus that "+
		"of same ones %.2g", auc, s.Distances.Gap)
	loss, active, trivial := l.meter.epochLoss/steps, l.meter.epochActive/steps, float64(l.meter.trivial)
	for _, c := range []struct {
		is             bool
		reason, advice string
	}{
		{s.Spread < metric.CollapsedBelow,
			fmt.Sprintf("all embeddings are alike (spread %.2g, below %g)", s.Spread,
				metric.CollapsedBelow),
			again},
		{chance && s.Rank < lineBelow && l.network.Dim() > 1,
			fmt.Sprintf("the embeddings lie on a line (effective rank %.2f of %d); %s", s.Rank,
				l.network.Dim(), ranked),
			again},
		{chance && moved && active == 0,
			"no tuple costs anything, so that nothing is learnt; " + ranked,
			fmt.Sprintf("raise the margin of loss.%s, or choose another miner", l.Spec.Loss.Name)},
		{chance && moved && trivial > 0 && loss >= nearTrivial*trivial,
			fmt.Sprintf("the loss is not below its trivial value, that of embeddings all alike (mean %.4g, trivial %.4g); %s", loss,
				trivial, ranked),
			lower + ", check the labels of the data, or set another train.seed"},
	} {
		if c.is {
			return &Alarmed{Step: l.step, Reason: "collapse: " + c.reason, Advice: c.advice}
		}
	}
	return nil
}
