package graphs

import (
	"errors"
	"strings"
	"testing"
)

// pairOf is an ensemble that a spec of 12 pixels can have.
const pairOf = "backbone={ensemble: {of: [{network: smallconv}, {network: {smallconv: {dense: 6}}, embedding_dim: 3}]}}"

// TestEnsembleMisfits: what needs one network, or a length, does not go with an ensemble.
func TestEnsembleMisfits(t *testing.T) {
	for set, want := range map[string]string{
		"head=linear":        `backbone "ensemble" has a head for each of its networks: set head to none`,
		"distance=euclidean": "set distance to cosine",
		"loss=bce":           "set loss to contrastive",
		"train.folds=2":      "set train.folds to 0",
		"train.steps=0":      "set train.steps above 0",
	} {
		var misfit *MisfitError
		if _, err := Resolve(small(t, pairOf, "distance=cosine", "loss=contrastive", set)); !errors.As(err, &misfit) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a *MisfitError with %q", set, err, want)
		}
	}
}

// TestMember: a network of an ensemble is trained with its own parts and seed, and with all else of the ensemble.
func TestMember(t *testing.T) {
	p := mustResolve(t, small(t, pairOf, "distance=cosine", "loss=contrastive", "embed.views=flip", "train.seed=7", "train.batch_size=5"))
	for i, want := range []struct {
		head string
		seed int64
	}{{"none", 7}, {"linear", 8}} {
		s, err := p.Member(i)
		if err != nil {
			t.Fatal(err)
		}
		m := mustResolve(t, s)
		if s.Backbone.Name != "smallconv" || s.Head.Name != want.head || s.Train.Seed != want.seed || s.Train.BatchSize != 5 || m.viewed() {
			t.Errorf("network %d: backbone %s, head %s, seed %d, batch %d, views %t", i, s.Backbone.Name, s.Head.Name, s.Train.Seed,
				s.Train.BatchSize, m.viewed())
		}
	}
}
