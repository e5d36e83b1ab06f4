package train

import (
	"context"
	"fmt"
)

// measureStart measures the network before its first step, drawn or imported: what training
// must beat. It saves nothing, and the start is no best.
func (l *loop) measureStart(ctx context.Context) error {
	scores, err := l.measure(ctx)
	if err != nil {
		return err
	}
	value := scores.Metrics[l.Select.Metric]
	l.state.Start = &value
	return l.tell(Evaluated{Step: 0, Scores: scores})
}

// belowStart tells of a training that has ended with a best checkpoint worse than the
// network it began with.
func (l *loop) belowStart(reason string) error {
	start := l.state.Start
	ended := reason == EndedBudget || reason == EndedPatience
	if !ended || start == nil || l.state.BestStep < 0 || !l.Select.Better.Than(*start, l.state.BestValue) {
		return nil
	}
	advice := fmt.Sprintf("lower optimizer.%s.lr (now %g)", l.Spec.Optimizer.Name, l.network.Parts.Optimizer.LR)
	if l.pretrained != nil {
		advice += ", freeze more of the backbone (freeze)"
	}
	return l.tell(Alarmed{Step: l.step, Advice: advice + ", or take fewer steps (train.steps)",
		Reason: fmt.Sprintf("training made it worse: val.%s was %.4f before the first step and is %.4f at its best, "+
			"at step %d", l.Select.Metric, *start, l.state.BestValue, l.state.BestStep)})
}
