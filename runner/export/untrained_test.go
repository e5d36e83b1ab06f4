package export

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// TestUntrained: a model that is exported from the weights of a run's checkpoint spans the space of
// the run's own export, says which file it is from, has no threshold, and calls not even an image
// the same as itself.
func TestUntrained(t *testing.T) {
	run, folder := trainedtest.Run(t, nil, "loss=contrastive"), t.TempDir()
	own, err := Run(context.Background(), config(run, filepath.Join(folder, "own")))
	if err != nil {
		t.Fatal(err)
	}
	file, err := weights.Read(filepath.Join(checkpoint.Path(filepath.Join(run, "checkpoints"), 7), "variables.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Parse(own.Manifest.Spec, "spec", &spec.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := graphs.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	c := config("", filepath.Join(folder, "untrained"))
	if c.Model, err = trained.Untrained(parts, []*weights.File{file}, network.Own{}, session.Options{}); err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	m := r.Manifest
	if m.Space != own.Manifest.Space || m.Space == "" {
		t.Errorf("the space is %s, want that of the run, %s", m.Space, own.Manifest.Space)
	}
	if !m.Uncalibrated() || own.Manifest.Uncalibrated() || len(m.Metrics) != 0 || m.Step != 0 {
		t.Errorf("threshold %+v, metrics %v, step %d; want none", m.Threshold, m.Metrics, m.Step)
	}
	if m.Pretrained == nil || m.Pretrained.SHA256 != file.SHA256 {
		t.Errorf("it is from %+v, want SHA-256 %s", m.Pretrained, file.SHA256)
	}
	model, err := models.Load(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := model.Close(); err != nil {
			t.Error(err)
		}
	}()
	list, err := model.CompareEmbeddings(context.Background(), m.Probes[0].Embedding, m.Probes[0].Embedding)
	if err != nil {
		t.Fatal(err)
	}
	if list[0].Distance > 1e-3 || // the Euclidean distance has a root of an epsilon
		list[0].Same {
		t.Errorf("an image and itself: %+v, want almost no distance and not the same", list[0])
	}
}
