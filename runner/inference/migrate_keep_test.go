package inference_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/inference"
)

// TestKeep: an int8 model takes the vectors of its float32 model as they are, those of no other, and one
// that is stopped goes on.
func TestKeep(t *testing.T) {
	m := opened(t, runOf(t, "distance=sqeuclidean"))
	photos, err := inference.OpenCollection(dataset.Options{Data: drawn(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer photos.Close()
	x, _, err := m.Index(t.Context(), photos, "flat", inference.Reading{})
	if err != nil {
		t.Fatal(err)
	}
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	b, err := m.BuildIndex(from, false)
	if err != nil {
		t.Fatal(err)
	}
	entries := func(yield func(index.Entry, error) bool) {
		for row := range x.Len() {
			if !yield(x.Entry(row)) {
				return
			}
		}
	}
	if err := errors.Join(b.Write(index.Contents{About: x.About(), Entries: entries}), b.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Keep(from, x, to); !errors.Is(err, inference.ErrNotInt8) {
		t.Errorf("by a float32 model: %v, want ErrNotInt8", err)
	}
	float32Space := m.Manifest.Space
	m.Manifest.Space, m.Manifest.Quantized = "int8", &models.Quantized{FloatSpace: "another"}
	if _, err := m.Keep(from, x, to); !errors.Is(err, inference.ErrNotFloat32) {
		t.Errorf("of another model: %v, want ErrNotFloat32", err)
	}
	m.Manifest.Quantized.FloatSpace = float32Space
	var space *models.SpaceError
	if _, err := m.OpenIndex(from); !errors.As(err, &space) || !space.Float32 {
		t.Errorf("the index before: %v, want a *SpaceError of its float32 model", err)
	}

	begin := func() *inference.Migration {
		t.Helper()
		g, err := m.Keep(from, x, to+".part")
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := begin().Run(stopped, inference.Reading{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v, want context.Canceled", err)
	}
	g := begin()
	if g.Done() != x.Len() {
		t.Errorf("%d of %d images were done", g.Done(), x.Len())
	}
	if _, err := g.Run(t.Context(), inference.Reading{}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Finish(to); err != nil {
		t.Fatal(err)
	}
	got, err := m.OpenIndex(to)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Vectors(), x.Vectors()) || got.About().Space != "int8" {
		t.Errorf("vectors of space %s, equal: %t; want those of before, of space int8", got.About().Space, slices.Equal(got.Vectors(), x.Vectors()))
	}
	for row, item := range x.All() {
		if got.Item(row) != item {
			t.Errorf("row %d is %+v, was %+v", row, got.Item(row), item)
		}
	}
}
