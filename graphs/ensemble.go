package graphs

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
)

// fitEnsemble says what does not go together with networks that are trained one by one, or nil.
func (p *Parts) fitEnsemble() error {
	s := p.Spec
	switch {
	case p.Backbone.Members == nil:
		return nil
	case s.Head.Name != "none":
		return fmt.Errorf("backbone %q has a head for each of its networks: set head to none, and embedding_dim of the networks", s.Backbone.Name)
	case s.Distance.Name != "cosine":
		return fmt.Errorf("backbone %q brings the embedding of each network to length 1, distance %q compares lengths: set distance to cosine",
			s.Backbone.Name, s.Distance.Name)
	case p.Loss.Logit != nil:
		return fmt.Errorf("loss %q learns a probability for each network of backbone %q, and none for all: set loss to contrastive",
			s.Loss.Name, s.Backbone.Name)
	case s.Target.Side == spec.FrozenTargets:
		return fmt.Errorf("backbone %q has no embedding of label images before it is trained: set target.side to %s", s.Backbone.Name,
			spec.SharedTargets)
	case s.Train.Folds > 0:
		return errors.New("train.folds measures one network that is trained several times, backbone \"ensemble\" trains several: set train.folds to 0")
	case s.Train.Steps == 0:
		return fmt.Errorf("train.steps is 0, so that no network of backbone %q learns anything: set train.steps above 0", s.Backbone.Name)
	}
	return nil
}

// Member returns the spec by which member i, from 0, of the ensemble of p is trained: with its own network, head, size of images and
// seed, and all else as p has it. Views are made of the ensemble alone.
func (p *Parts) Member(i int) (*spec.Spec, error) {
	s, m := *p.Spec, p.Backbone.Members[i]
	s.Backbone, s.Head, s.Embed = m.Network, named.Choice{Name: "none"}, spec.Embed{}
	if m.Size > 0 {
		s.Input.Size = int(m.Size)
	}
	if !m.Cached() {
		s.Cache = spec.Cache{}
	}
	s.Train.Seed += int64(i)
	if m.Dim == 0 {
		return &s, nil
	}
	var err error
	s.Head, err = named.Choose("linear", map[string]int64{"embedding_dim": m.Dim})
	return &s, err
}
