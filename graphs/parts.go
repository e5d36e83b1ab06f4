package graphs

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/graphs/distance"
	"github.com/tfpair/tfpair/graphs/head"
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/miner"
	"github.com/tfpair/tfpair/graphs/optimizer"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
)

// Parts are the things that a spec names, each with its options checked: what graphs are
// made of. Resolve makes them. Nobody changes them, so that many may use them at once.
type Parts struct {
	Spec      *spec.Spec // with every default of its graph filled in
	Backbone  backbone.Backbone
	Head      head.Head
	Distance  distance.Distance
	Miner     miner.Miner
	Loss      loss.Loss
	Optimizer optimizer.Optimizer
	Schedule  optimizer.Schedule
	Notes     []string // what a user should know about the combination, one sentence each
	Shared    bool     // several processes make each step: the graph has what that takes
	topology  topology
	losses    named.Table[loss.Loss] // that Loss is from
}

// Own are parts of a program's own that a spec may name beside those of the tables.
type Own struct {
	Backbones map[string]backbone.Row
	Distances map[string]distance.Row
	Losses    map[string]loss.Row
}

// Resolve looks up what s names, checks all options, and checks that the parts go together.
// It leaves s as it is: the Spec of the result is a copy with the defaults filled in. It
// builds nothing and does not need the TensorFlow runtime. Where the parts do not go together
// the error is a *MisfitError.
func Resolve(s *spec.Spec) (*Parts, error) { return Own{}.Resolve(s) }

// Resolve is Resolve with parts of one's own. Names that the tables have are an error.
func (o Own) Resolve(s *spec.Spec) (*Parts, error) {
	resolved := *s
	s = &resolved
	if s.Train.Precision == spec.FullPrecision { // as where nothing is said
		s.Train.Precision = ""
	}
	p := &Parts{Spec: s}
	var errs [8]error
	p.topology, errs[0] = Topologies.New(&named.Choice{Name: s.Topology})
	backbones, err1 := backbone.Table.With(o.Backbones)
	distances, err2 := distance.Table.With(o.Distances)
	losses, err3 := loss.Table.With(o.Losses)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	p.losses = losses
	p.Backbone, errs[1] = backbones.New(&s.Backbone)
	p.Head, errs[2] = head.Table.New(&s.Head)
	p.Distance, errs[3] = distances.New(&s.Distance)
	p.Miner, errs[4] = miner.Table.New(&s.Miner)
	p.Loss, errs[5] = losses.New(&s.Loss)
	p.Optimizer, errs[6] = optimizer.Table.New(&s.Optimizer)
	p.Schedule, errs[7] = optimizer.Schedules.New(&s.Schedule)
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	if err := p.lacks(); err != nil {
		return nil, err
	}
	err := errors.Join(p.fillTarget(), p.fillCache())
	if err == nil {
		err = p.fit()
	}
	if s.Input.Size < p.Backbone.MinSize {
		err = fmt.Errorf("input.size must be at least %d for backbone %q, got %d",
			p.Backbone.MinSize, s.Backbone.Name, s.Input.Size)
	}
	if err != nil {
		return nil, &MisfitError{err}
	}
	p.Notes = p.notes()
	return p, nil
}

// lacks says which part of one's own lacks what every part of its kind has.
func (p *Parts) lacks() error {
	s, needs := p.Spec, []loss.Needs{loss.Pairs, loss.Triplets, loss.Classes, loss.Targets}
	switch {
	case p.Backbone.Build == nil:
		return fmt.Errorf("backbone %q: its New returns no Build, which adds it to a graph", s.Backbone.Name)
	case p.Distance == nil:
		return fmt.Errorf("distance %q: its New returns no function", s.Distance.Name)
	case p.Loss.Build == nil:
		return fmt.Errorf("loss %q: its New returns no Build, which adds it to a graph", s.Loss.Name)
	case !slices.Contains(needs, p.Loss.Needs):
		return fmt.Errorf("loss %q: its Needs is %q, want what it reads of a batch: one of %q", s.Loss.Name, p.Loss.Needs, needs)
	}
	return nil
}

// MisfitError says that parts of a spec, each right by itself, do not go together.
type MisfitError struct{ Err error }

func (e *MisfitError) Error() string { return e.Err.Error() }

// Unwrap returns what does not fit.
func (e *MisfitError) Unwrap() error { return e.Err }

// LearningRate returns the rate of the update with the given number, from 0 to train.steps.
func (p *Parts) LearningRate(step int) float32 {
	return float32(float64(p.Optimizer.LR) * p.Schedule.Factor(step, p.Spec.Train.Steps))
}

// WithClasses returns p with a loss that learns a vector for each of so many classes. The
// loss must be PerClass.
func (p *Parts) WithClasses(classes int) (*Parts, error) {
	counted := *p
	var err error
	counted.Spec, err = p.Spec.Set(fmt.Sprintf("loss.%s.classes=%d", p.Spec.Loss.Name, classes))
	if err == nil {
		counted.Loss, err = p.losses.New(&counted.Spec.Loss)
	}
	if err != nil {
		return nil, err
	}
	return &counted, nil
}
