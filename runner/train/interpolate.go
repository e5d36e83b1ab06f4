package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/runner/trained"
)

// between are the shares of trained weights that are tried beside none and all.
var between = []float64{0.2, 0.4, 0.6, 0.8}

// interpolate tries weights on the line from the start of the training to its best step, once it has
// ended, and takes those that validation likes best, if they are better than all before:
//
//	value = (1-share)·start + share·trained
//
// Wortsman et al., Robust fine-tuning of zero-shot models, 2022, arXiv:2109.01903, section 3; the
// averages of batch norm are on the line, too. The state remembers the choice, so that it is made once.
func (l *loop) interpolate(ctx context.Context) error {
	if !l.Spec.Train.Interpolate || l.state.Interpolated != nil || l.step == 0 || l.ensemble() {
		return nil
	}
	to := l.state.BestStep
	if to == 0 { // no step was better, a part of the way may be
		to = l.step
	}
	last, err := l.network.Snapshot()
	if err != nil {
		return err
	}
	way, err := l.way(to)
	if err != nil {
		return err
	}
	made := Interpolated{Step: l.step, Select: l.Select.Key, Interpolated: trained.Interpolated{To: to, Chosen: 1}}
	if l.state.BestStep == 0 {
		made.Chosen = 0
	}
	for i, share := range between {
		v, err := l.measureMixed(ctx, way.at(share), -1-i)
		if err != nil {
			return errors.Join(err, l.network.Restore(last))
		}
		value := v.Scores.Metrics[l.Select.Metric]
		made.Tried = append(made.Tried, trained.Share{Share: share, Value: value})
		if l.Select.Better.Than(value, l.state.BestValue) {
			made.Chosen, made.Scores = share, &v.Scores
			l.state.Validation, l.state.BestStep, l.state.BestValue, l.state.Later = &v, l.step, value, &value
		}
	}
	if err := l.network.Restore(last); err != nil {
		return err
	}
	if made.Scores != nil {
		if err := l.network.SetVariables(way.at(made.Chosen)); err != nil {
			return err
		}
	}
	l.state.Interpolated = &made.Interpolated
	if err := l.tell(made); err != nil {
		return err
	}
	return l.save()
}

// measureMixed measures validation with other weights. of is a number that no step has: what is
// remembered of a step is not of these weights.
func (l *loop) measureMixed(ctx context.Context, weights []checkpoint.Tensor, of int) (trained.Validation, error) {
	v := trained.Validation{Step: l.step}
	err := l.network.SetVariables(weights)
	if err == nil {
		err = l.measureInto(ctx, &v, of)
	}
	return v, err
}

// way is the weights at two ends of a line, of the same variables in the same order.
type way struct{ start, end []checkpoint.Tensor }

// way loads the ends of the line to a step.
func (l *loop) way(to int) (way, error) {
	var ends [2][]checkpoint.Tensor
	for i, step := range []int{0, to} {
		c, err := checkpoint.Load(checkpoint.Path(l.folder.Checkpoints(), step))
		if err != nil {
			return way{}, fmt.Errorf("interpolate: %w", err)
		}
		ends[i] = c.Variables
	}
	return way{ends[0], ends[1]}, nil
}

// at returns the weights with so large a share of those of the end.
func (w way) at(share float64) []checkpoint.Tensor {
	mixed := slices.Clone(w.end)
	for i, end := range w.end {
		mixed[i].Data = make([]float32, len(end.Data))
		for j, x := range end.Data {
			mixed[i].Data[j] = float32((1-share)*float64(w.start[i].Data[j]) + share*float64(x))
		}
	}
	return mixed
}
