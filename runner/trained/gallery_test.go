package trained_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// withGallery gives a checkpoint three label images, 0.5 apart in every dimension.
func withGallery(c *checkpoint.Checkpoint, s *trained.State) {
	var vectors []float32
	for row, name := range []string{"a", "b", "c"} {
		s.Gallery = append(s.Gallery, evaluate.LabelImage{Path: name + ".png", SHA256: name, Class: name})
		for range 8 {
			vectors = append(vectors, float32(row)/2)
		}
	}
	trained.SetGallery(c, vectors, 8)
	above := 0.75
	s.Validation.Scores.NoneAbove, s.Validation.Scores.Photos = &above, 30
}

func open(t *testing.T, edit func(*checkpoint.Checkpoint, *trained.State)) (*trained.Model, error) {
	t.Helper()
	m, err := trained.Open(trainedtest.Run(t, edit), "last", network.Own{}, session.Options{})
	if err == nil {
		t.Cleanup(func() { m.Close() })
	}
	return m, err
}

func TestGallery(t *testing.T) {
	m, err := open(t, withGallery)
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Labels()
	if err != nil {
		t.Fatal(err)
	}
	weights, err := m.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := m.Manifest(weights.Variables)
	if err != nil {
		t.Fatal(err)
	}
	if g.Space != manifest.Space || len(g.Images) != 3 || g.Images[2].Path != "c.png" ||
		len(g.Vectors) != 24 || g.Vectors[8] != 0.5 {
		t.Errorf("gallery %+v in space %s, want that of the model, %s", g, g.Space, manifest.Space)
	}
	want := distance.Threshold{Value: 0.75, Source: "validation, step 7, 30 photos"}
	if diff := cmp.Diff(&want, g.NoneAbove); diff != "" || manifest.NoneAbove.Value != 0.75 {
		t.Errorf("none above, manifest has %v (-want +got):\n%s", manifest.NoneAbove, diff)
	}
}

func TestNoGallery(t *testing.T) {
	m, err := open(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if g, err := m.Labels(); g != nil || err != nil || m.NoneAbove() != nil {
		t.Errorf("gallery %v, %v, none above %v; want none of it", g, err, m.NoneAbove())
	}
}

// TestGalleryMissing: a list of label images without all of their embeddings is no checkpoint.
func TestGalleryMissing(t *testing.T) {
	for name, gallery := range map[string]func(c *checkpoint.Checkpoint){
		"of embeddings of 3 label images": func(c *checkpoint.Checkpoint) { c.Gallery = nil },
		"9 numbers, want 8 of each of 3":  func(c *checkpoint.Checkpoint) { trained.SetGallery(c, make([]float32, 9), 3) },
	} {
		_, err := open(t, func(c *checkpoint.Checkpoint, s *trained.State) {
			withGallery(c, s)
			gallery(c)
		})
		var corrupt *checkpoint.CorruptError
		if !errors.As(err, &corrupt) || !strings.Contains(corrupt.Reason, name) {
			t.Errorf("Open: %v, want *checkpoint.CorruptError: %s", err, name)
		}
	}
}
