package train

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// TestReference: a run remembers how the pictures of validation look.
func TestReference(t *testing.T) {
	c := config(t, pictures(t, 8, 6), filepath.Join(t.TempDir(), "run"), tiny(t, "train.steps=2", "train.eval_every=2", "train.val=0.3"))
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	m, err := trained.Open(c.Folder, "last", network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	r := m.State.Validation.Reference
	if r == nil {
		t.Fatal("it remembers nothing")
	}
	var names []string
	for _, f := range r.Features {
		names = append(names, f.Name)
		if f.Pictures < 10 {
			t.Errorf("%s of %d pictures, want about a third of 48", f.Name, f.Pictures)
		}
	}
	if want := []string{drift.Accepted, drift.Brightness, drift.Contrast, drift.Nearest, drift.Norm, drift.Sharpness, drift.Size,
		drift.Warmth}; !slices.Equal(names, want) {
		t.Errorf("features %q, want %q", names, want)
	}
}

// TestLooks: distances on a line are known.
func TestLooks(t *testing.T) {
	between, err := distance.ByName("euclidean")
	if err != nil {
		t.Fatal(err)
	}
	photos := []float32{0, 1, 4, 4.5}
	for _, c := range []struct {
		name   string
		others []float32
		want   []float32
	}{
		{"among the others", nil, []float32{1, 1, 0.5, 0.5}},
		{"among label images", []float32{2, 4}, []float32{2, 1, 0, 0.5}},
	} {
		var k looks
		k.keep(photos, c.others, 1, between)
		if !slices.EqualFunc(k.nearest, c.want, func(a, b float32) bool { return max(a-b, b-a) < 1e-3 }) { // sqrt(x + 1e-7)
			t.Errorf("%s: nearest %v, want %v", c.name, k.nearest, c.want)
		}
	}
	var k looks
	if k.keep(photos[:1], nil, 1, between); k.nearest != nil {
		t.Errorf("one photo alone has its nearest at %v", k.nearest)
	}
}
