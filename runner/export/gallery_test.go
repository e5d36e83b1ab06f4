package export

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// feature returns a run of two label images with embeddings of length 8.
func feature(t *testing.T, side string) string {
	t.Helper()
	return trainedtest.Run(t, func(c *checkpoint.Checkpoint, s *trained.State) {
		s.Gallery = []evaluate.LabelImage{{Path: "a.png", SHA256: "aa", Class: "a", Coarse: "x"},
			{Path: "b.png", SHA256: "bb", Class: "b", Coarse: "x"}}
		trained.SetGallery(c, []float32{1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 8)
		above := 0.125
		s.Validation.Scores.NoneAbove = &above
	}, "topology=feature", "loss=infonce", "sampler=labels", "target.side="+side)
}

// TestGallery: a model whose labels are images carries those of the checkpoint, whichever
// side embedded them, with the threshold of none of these.
func TestGallery(t *testing.T) {
	for _, side := range []string{"frozen", "shared"} {
		t.Run(side, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "model")
			r, err := Run(context.Background(), config(feature(t, side), out))
			if err != nil {
				t.Fatal(err)
			}
			if g := r.Manifest.Gallery; g == nil || g.Images != 2 || g.Classes != 2 || r.Manifest.Accept().Value != 0.125 {
				t.Errorf("manifest has gallery %+v, accepts up to %v; want two images, 0.125", g, r.Manifest.Accept())
			}
			_, g := galleryOf(t, out)
			want := index.Item{ID: "b.png", Path: "b.png", SHA256: "bb", Class: "b", Coarse: "x"}
			if got := g.Vectors().Item(1); got != want || !slices.Equal(g.Vectors().Vector(1)[:2], []float32{0, 1}) {
				t.Errorf("item 1 is %+v at %v, want %+v", got, g.Vectors().Vector(1), want)
			}
		})
	}
}

// TestGalleryRefuses: what is wrong with a gallery ends the export without a trace.
func TestGalleryRefuses(t *testing.T) {
	failed := errors.New("no such images")
	vectors := func(change func(*index.About)) func(context.Context, *models.Model) (*index.Index, error) {
		return func(_ context.Context, m *models.Model) (*index.Index, error) {
			a := index.About{Kind: "flat", Space: m.Info().Manifest.Space, Distance: "euclidean", Dim: 8}
			change(&a)
			return index.New(a, []index.Item{{ID: "x"}}, make([]float32, a.Dim))
		}
	}
	for name, c := range map[string]struct {
		run     string
		gallery func(context.Context, *models.Model) (*index.Index, error)
		want    string
	}{
		"failed": {trainedtest.Run(t, nil), func(context.Context, *models.Model) (*index.Index, error) { return nil, failed },
			"no such images"},
		"space":  {trainedtest.Run(t, nil), vectors(func(a *index.About) { a.Space = "other" }), "gallery: embeddings are of space other"},
		"dim":    {trainedtest.Run(t, nil), vectors(func(a *index.About) { a.Dim = 4 }), "gallery: embeddings of length 4, want 8"},
		"frozen": {feature(t, "frozen"), vectors(func(*index.About) {}), "before the training"},
	} {
		t.Run(name, func(t *testing.T) {
			o := config(c.run, filepath.Join(t.TempDir(), "model"))
			o.Gallery = c.gallery
			if _, err := Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Run = %v, want %q", err, c.want)
			}
			if _, err := os.Stat(o.Out); err == nil {
				t.Error("something is left behind")
			}
		})
	}
}

// galleryOf loads a model that was exported, with its gallery.
func galleryOf(t *testing.T, folder string) (*models.Model, *models.Index) {
	t.Helper()
	m, err := models.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	g, err := m.Gallery()
	if err != nil {
		t.Fatal(err)
	}
	return m, g
}
