package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/trained"
)

// folds reports whether the training begins with one for each fold. It then has no validation
// of its own.
func (c *Config) folds() bool { return c.Spec.Train.Folds > 0 && c.Spec.Train.Fold == 0 }

// rule says how a threshold is chosen. A fold has few pairs, and its own threshold is of no use.
func (c *Config) rule() distance.Rule {
	if c.Spec.Train.Fold > 0 {
		return distance.Rule{}
	}
	return distance.Rule(c.Spec.Train.Threshold)
}

// pool trains on each fold, or goes on with it, and sets what all of them together say. data
// is the data before its splits are assigned. What was pooled for as many steps is kept in the
// checkpoints. A summary that is not nil says in which fold time was up.
func (l *loop) pool(ctx context.Context, data *dataset.Dataset) (*Summary, error) {
	if l.pooled = l.keptPool(); l.pooled != nil {
		return nil, nil
	}
	if err := l.enough(data); err != nil {
		return nil, err
	}
	if err := l.openStore(); err != nil {
		return nil, err
	}
	n := l.Spec.Train.Folds
	outcomes := make([]evaluate.Outcome, n)
	var labels doubted
	for k := range outcomes {
		summary, err := l.fold(ctx, data, k+1, &outcomes[k], &labels)
		if err != nil || summary.Reason != EndedBudget {
			return summary, err
		}
	}
	scores, err := evaluate.Pool(outcomes).Scores(l.rule())
	if err != nil {
		return nil, err
	}
	suspects, err := labels.write(l, scores.Threshold)
	if err != nil {
		return nil, err
	}
	l.pooled = &trained.Validation{Step: l.Spec.Train.Steps, Folds: n, Scores: scores, Curve: scores.Curve}
	return nil, l.tell(Pooled{Folds: n, Scores: scores, Suspects: suspects})
}

// keptPool returns what was pooled for as many steps before, nil where nothing was.
func (l *loop) keptPool() *trained.Validation {
	c, err := checkpoint.Latest(l.folder.Checkpoints(), func(string, error) {}) // resume tells of corrupt ones
	if err != nil {
		return nil
	}
	state, err := trained.ReadState(c)
	if v := state.Validation; err == nil && v != nil && v.Folds > 0 && v.Step == l.Spec.Train.Steps {
		return v
	}
	return nil
}

// fold trains without fold k, and measures it and its labels with the network after the last step.
func (l *loop) fold(ctx context.Context, data *dataset.Dataset, k int, o *evaluate.Outcome, labels *doubted) (*Summary, error) {
	c, err := l.foldConfig(data, k)
	if err != nil {
		return nil, err
	}
	if !l.until.IsZero() {
		if c.MaxTime = l.until.Sub(l.Now()); c.MaxTime <= 0 {
			return &Summary{Ended: Ended{Reason: EndedTime}, BestStep: -1, Fold: k}, nil
		}
	}
	l.Observe(Folded{Fold: k, Folds: l.Spec.Train.Folds})
	summary, err := runOne(ctx, c, func(l *loop) (err error) {
		if *o, err = l.validation.measure(ctx, l.step); err != nil {
			return err
		}
		return labels.ask(ctx, l)
	})
	if err != nil {
		return nil, fmt.Errorf("fold %d of %d: %w", k, l.Spec.Train.Folds, err)
	}
	summary.Fold = k
	return summary, nil
}

// foldConfig is the training that holds out fold k. It shares pixels and features.
func (l *loop) foldConfig(data *dataset.Dataset, k int) (Config, error) {
	s := *l.given
	s.Train.Fold = k
	c := l.Config
	var err error
	if c.Resolved, err = ResolveWith(&s, l.Own); err != nil {
		return c, err
	}
	c.Data, c.Folder, c.Pixels, c.Features = data.Without(nil), l.folder.Fold(k), l.store, l.folder.Features()
	if l.Features != "" {
		c.Features = l.Features
	}
	return c, c.Data.Assign(trained.Splits(c.Spec))
}

// enough says, before hours of training, that the folds together are too small for the rule of
// the threshold, or that one cannot be measured.
func (l *loop) enough(data *dataset.Dataset) error {
	var same, different int64
	for k := 1; k <= l.Spec.Train.Folds; k++ {
		c, err := l.foldConfig(data, k)
		if err != nil {
			return err
		}
		f := &loop{Config: c}
		if err := f.chooseValidation(c.Data.In(dataset.Val), c.Data.All().LabelImages()); err != nil {
			return fmt.Errorf("fold %d of %d: %w", k, l.Spec.Train.Folds, err)
		}
		s, d := f.validation.kinds()
		same, different = same+s, different+d
	}
	return l.rule().Enough(same, different)
}

// discard removes the folder of a training that has not begun, and no fold or member of it has.
func (l *loop) discard(stopped *Summary) error {
	if stopped != nil {
		return nil
	}
	for _, of := range []string{l.folder.Fold(1), l.folder.Member(1)} {
		if err := os.Remove(filepath.Dir(of)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil
		}
	}
	return l.folder.Discard()
}

// unmeasured is the validation of a training whose scores folds have given: there is nothing
// to measure.
func (l *loop) unmeasured(labels []int32) validation {
	if l.Spec.LabelImages() {
		return &amongLabels{network: l.network, embed: l.embed, gallery: labels}
	}
	return &onPairs{network: l.network, embed: l.embed}
}
