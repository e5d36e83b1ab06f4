package train

import (
	"context"
	"errors"

	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/trained"
)

// evaluated reports whether this step has been.
func (l *loop) evaluated() bool {
	if l.pooled != nil {
		return l.state.BestStep == l.step
	}
	return l.state.Validation != nil && l.state.Validation.Step >= l.step
}

// due reports whether the network is to be evaluated at this step: without validation of its
// own only at the last, of which folds have said what it is worth.
func (l *loop) due() bool {
	every := l.Spec.Train.EvalEvery
	if l.pooled != nil {
		return l.step == l.Spec.Train.Steps
	}
	if every == 0 {
		every = l.stepsPerEpoch()
	}
	return l.step == l.Spec.Train.Steps || l.step > 0 && l.step%every == 0
}

// measure measures validation, or returns what folds have said. Numbers that are not finite
// are a *DivergedError.
func (l *loop) measure(ctx context.Context) (trained.Validation, error) {
	if l.pooled != nil {
		v := *l.pooled
		err := l.refer(ctx, &v)
		return v, err
	}
	v := trained.Validation{Step: l.step}
	err := l.measureInto(ctx, &v, l.step)
	return v, err
}

// measureInto is measure of the network as it is, with weights of this step or others.
func (l *loop) measureInto(ctx context.Context, v *trained.Validation, step int) error {
	outcome, err := l.validation.measure(ctx, step)
	if err == nil {
		v.Scores, err = outcome.Scores(l.rule())
		v.Curve, v.Strangers = v.Scores.Curve, l.validation.strangers()
	}
	var embedding *metric.EmbeddingError
	var distance *metric.DistanceError
	if errors.As(err, &embedding) || errors.As(err, &distance) {
		err = l.diverged("validation: "+err.Error(), nil)
	}
	if err != nil {
		return err
	}
	return l.refer(ctx, v)
}

// evaluate measures validation, saves, and remembers the best: of the start, the network
// before its first step, only as long as no later one is as good. An evaluation that ctx
// cuts off leaves no trace: the step is evaluated again when training goes on.
func (l *loop) evaluate(ctx context.Context) error {
	v, err := l.measure(ctx)
	if err != nil {
		return err
	}
	scores := v.Scores
	value := scores.Metrics[l.Select.Metric]
	best := l.pooled != nil || l.state.BestStep < 0 || l.Select.Better.Than(value, l.state.BestValue) ||
		l.state.BestStep == 0 && value == l.state.BestValue
	switch later := l.state.Later; {
	case l.step == 0:
		l.state.Start = &value
	case later == nil || l.Select.Better.Than(value, *later):
		l.state.Later = &value
	}
	l.state.Validation = &v
	if l.due() { // and not because time was up
		l.state.Stale++
	}
	if best {
		l.state.BestStep, l.state.BestValue, l.state.Stale = l.step, value, 0
	}
	if l.pooled == nil { // else it was told before
		if err := l.tellEvaluated(scores, best); err != nil {
			return err
		}
	}
	l.meter.resetEpoch()
	return l.save()
}

func (l *loop) tellEvaluated(scores evaluate.Scores, best bool) error {
	if err := l.tell(Evaluated{Step: l.step, Scores: scores, Best: best}); err != nil {
		return err
	}
	if l.step == 0 && l.Spec.Train.Steps > 0 { // the start has learnt nothing yet
		return nil
	}
	if alarm := l.collapse(scores); alarm != nil {
		return l.tell(*alarm)
	}
	return nil
}
