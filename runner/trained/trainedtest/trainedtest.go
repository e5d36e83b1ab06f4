// Package trainedtest makes run folders without training, for tests of what comes
// after it:
//
//	settings, edits → a network's starting values → run folder
package trainedtest

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// Run returns the folder of a run with one checkpoint, of step 7: the starting values
// of a small network for images of 16 pixels with embeddings of length 8, a threshold of
// 0.25. edit, which may be nil, changes them; set changes the spec.
func Run(t testing.TB, edit func(*checkpoint.Checkpoint, *trained.State), set ...string) string {
	t.Helper()
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set(append([]string{"input.size=16", "backbone.smallconv={filters: [4, 4], dense: 8}"}, set...)...)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := graphs.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.Open(parts, network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.Start(1); err != nil {
		t.Fatal(err)
	}
	c, err := n.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	state := trained.State{Data: "pictures", Fingerprint: "sha256:0", Classes: []string{"a", "b"},
		Validation: &trained.Validation{Step: 7, Scores: evaluate.Scores{Threshold: 0.25, Pairs: 30,
			Metrics: map[string]float64{"auc": 0.75}}, Reference: drift.Sample{drift.Norm: {1, 2, 3}}.Reference()}}
	c.Step, state.BestStep = 7, 7
	if edit != nil {
		edit(c, &state)
	}
	if c.Meta, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	text, err := parts.Spec.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "run")
	folder, err := run.OpenOrCreate(path, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.Save(folder.Checkpoints(), c); err != nil {
		t.Fatal(err)
	}
	if err := folder.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
