package train

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/trained"
)

// ensemble reports whether the network is several that are trained before, each by itself. Then it makes no step.
func (c *Config) ensemble() bool { return c.Backbone.Members != nil }

// trainMembers trains the networks of an ensemble one after the other, or goes on with them, each in a run folder inside the
// run's. What they have learnt is the start of the ensemble. A summary that is not nil says in which of them time was
// up. Where the ensemble has a checkpoint it holds them already.
func (l *loop) trainMembers(ctx context.Context) (*Summary, error) {
	files := l.Weights
	l.Weights = nil // the ensemble starts from its members
	if steps, err := checkpoint.Steps(l.folder.Checkpoints()); err != nil || len(steps) > 0 {
		return nil, errors.Join(err, l.checkMemberWeights(files))
	}
	for i := range l.Backbone.Members {
		summary, err := l.trainMember(ctx, i, files)
		if err != nil || summary.Reason == EndedTime {
			return summary, err
		}
		if err := l.join(i); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// trainMember trains member i, from 0, on the splits of the ensemble.
func (l *loop) trainMember(ctx context.Context, i int, files []*weights.File) (*Summary, error) {
	of := l.Backbone.Members
	parts := *l.Parts
	parts.Spec = l.given
	s, err := parts.Member(i)
	if err != nil {
		return nil, err
	}
	c := l.Config
	if c.Resolved, err = ResolveWith(s, l.Own); err != nil {
		return nil, fmt.Errorf("network %d of %d: %w", i+1, len(of), err)
	}
	c.Data, c.Folder = l.Data.Without(nil), l.folder.Member(i+1)
	c.Pixels, c.Features = nil, "" // members differ in both
	if c.Weights, err = weightsOf(files, of[i]); err != nil {
		return nil, err
	}
	if !l.until.IsZero() {
		if c.MaxTime = l.until.Sub(l.Now()); c.MaxTime <= 0 {
			return &Summary{Ended: Ended{Reason: EndedTime}, BestStep: -1, Member: i + 1}, nil
		}
	}
	l.Observe(Joined{Member: i + 1, Members: len(of), Network: of[i].Network.Name})
	summary, err := Run(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("network %d of %d: %w", i+1, len(of), err)
	}
	summary.Member = i + 1
	return summary, nil
}

// weightsOf returns the file among files that m starts from: that of its network; none for a network that has no imported weights.
func weightsOf(files []*weights.File, m backbone.Member) ([]*weights.File, error) {
	if len(files) == 0 || !m.Pretrained() {
		return nil, nil
	}
	var given []string
	for _, f := range files {
		layout, err := f.Layout()
		if err != nil {
			return nil, err
		}
		if layout.Network == m.Network.Name {
			return []*weights.File{f}, nil
		}
		given = append(given, layout.Network)
	}
	return nil, &trained.TowersError{Backbone: "ensemble", Want: []string{m.Network.Name}, Given: given}
}

// joined is what members of an ensemble have learnt.
type joined struct {
	tensors    []checkpoint.Tensor // under the keys of the ensemble
	pretrained *models.Pretrained  // that members started from, each file once; nil: none
}

// join adds what the best checkpoint of member i, from 0, has learnt.
func (l *loop) join(i int) error {
	f, err := run.Open(l.folder.Member(i + 1))
	if err != nil {
		return err
	}
	step, err := f.Resolve("best")
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	c, err := checkpoint.Load(checkpoint.Path(f.Checkpoints(), step))
	if err != nil {
		return err
	}
	state, err := trained.ReadState(c)
	if err != nil {
		return err
	}
	for _, t := range c.Variables {
		t.Name = backbone.MemberKey(i+1) + t.Name
		l.joined.tensors = append(l.joined.tensors, t)
	}
	l.joined.add(state.Pretrained)
	return nil
}

// add adds the file that a member started from, nil for none.
func (j *joined) add(from *models.Pretrained) {
	switch {
	case from == nil:
	case j.pretrained == nil:
		j.pretrained = from
	case !slices.ContainsFunc(j.pretrained.All(), func(p models.Pretrained) bool { return p.SHA256 == from.SHA256 }):
		j.pretrained.Others = append(j.pretrained.Others, *from)
	}
}

// startJoined sets the network to what its members have learnt. It has then made its steps.
func (l *loop) startJoined() error {
	given := map[string]bool{}
	for _, t := range l.joined.tensors {
		given[t.Name] = true
	}
	for _, v := range l.network.Graph.Variables {
		if strings.HasPrefix(v.Key, names.Backbone+"/") && !given[v.Key] {
			return fmt.Errorf("no network of the ensemble has learnt %q", v.Key)
		}
	}
	l.step, l.state.Pretrained = l.Spec.Train.Steps, l.joined.pretrained
	return l.network.StartFrom(l.joined.tensors, uint64(l.Spec.Train.Seed))
}

// checkMemberWeights refuses weights that members of the ensemble, which are trained, have not started from.
func (l *loop) checkMemberWeights(files []*weights.File) error {
	state, ok, err := l.newestState()
	if err != nil || !ok {
		return err
	}
	for _, f := range files {
		if !slices.ContainsFunc(state.Pretrained.All(), func(p models.Pretrained) bool { return p.SHA256 == f.SHA256 }) {
			return &WeightsError{l.folder.Path(), state.Pretrained, models.Pretrained{File: f.Path, SHA256: f.SHA256}}
		}
	}
	return nil
}
