package train

import "fmt"

// belowStart tells of a training that has ended below the network that it began with, drawn
// or imported, which is then the best.
func (l *loop) belowStart(reason string) error {
	ended := reason == EndedBudget || reason == EndedPatience
	if !ended || l.state.Start == nil || l.state.BestStep != 0 || l.step == 0 {
		return nil
	}
	start, last := *l.state.Start, l.state.Validation.Scores.Metrics[l.Select.Metric]
	advice := fmt.Sprintf("lower optimizer.%s.lr (now %g)", l.Spec.Optimizer.Name, l.network.Parts.Optimizer.LR)
	if l.state.Pretrained != nil {
		advice += ", freeze more of the backbone (freeze)"
	}
	steps := ", or take fewer steps (train.steps)"
	if epoch := l.sampler.StepsPerEpoch(); l.step < epoch {
		steps = fmt.Sprintf(", or take more steps (train.steps): one pass over the training data is %d", epoch)
	}
	return l.tell(Alarmed{Step: l.step, Advice: advice + steps,
		Reason: fmt.Sprintf("training made it worse: %s was %.4f before the first step, %.4f at step %d, and never as "+
			"good in between; the best checkpoint is the start", l.Select.Key, start, last, l.state.Validation.Step)})
}
