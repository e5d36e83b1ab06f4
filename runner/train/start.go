package train

import "fmt"

// belowStart tells of a training that has ended no better than the network that it began with,
// drawn or imported. Where no step is as good, that network is the best. A fold is too small to tell whether
// one that is as good is better, and steps that keep a closed form as good as it was are no fault.
func (l *loop) belowStart(reason string) error {
	ended := reason == EndedBudget || reason == EndedPatience
	switch {
	case !ended || l.state.Start == nil || l.step == 0:
		return nil
	case l.state.BestStep != 0 && l.Spec.Train.Fold == 0 && !l.network.Fits() && l.state.BestValue == *l.state.Start:
		return l.tell(Alarmed{Step: l.step, Advice: "take more steps (train.steps), or measure on more images of validation",
			Reason: fmt.Sprintf("not better than the network before its first step: %s was %.4f there, and is %.4f at best, "+
				"at step %d", l.Select.Key, *l.state.Start, l.state.BestValue, l.state.BestStep)})
	case l.state.BestStep != 0:
		return nil
	}
	start, last := *l.state.Start, l.state.Validation.Scores.Metrics[l.Select.Metric]
	advice := fmt.Sprintf("lower optimizer.%s.lr (now %g)", l.Spec.Optimizer.Name, l.network.Parts.Optimizer.LR)
	if l.state.Pretrained != nil {
		advice += ", freeze more of the backbone (freeze)"
	}
	steps := ", or take fewer steps (train.steps)"
	if epoch := l.stepsPerEpoch(); l.step < epoch {
		steps = fmt.Sprintf(", or take more steps (train.steps): one pass over the training data is %d", epoch)
	}
	return l.tell(Alarmed{Step: l.step, Advice: advice + steps,
		Reason: fmt.Sprintf("training made it worse: %s was %.4f before the first step, %.4f at step %d, and never as "+
			"good in between; the best checkpoint is the start", l.Select.Key, start, last, l.state.Validation.Step)})
}
