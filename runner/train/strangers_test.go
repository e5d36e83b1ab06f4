package train

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// TestStrangers: a run remembers the embeddings of validation images whose classes were held
// out, as its network makes them, and of no others.
func TestStrangers(t *testing.T) {
	files := pictures(t, 8, 6)
	for _, unseen := range []string{"true", "false"} {
		c := config(t, files, filepath.Join(t.TempDir(), "run"),
			tiny(t, "train.steps=2", "train.eval_every=2", "train.val=0.3", "train.unseen_classes="+unseen))
		if _, err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		m, err := trained.Open(c.Folder, "last", network.Own{}, session.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.Close() })
		got := m.State.Validation.Strangers
		if unseen == "false" {
			if got != nil || !m.Calibration().Learned(index.Item{Class: m.State.Classes[0]}) {
				t.Errorf("learned classes: strangers %+v, want none", got)
			}
			continue
		}
		if got == nil || len(got.Vectors) != len(got.Classes)*m.Dim() {
			t.Fatalf("strangers %+v, want some", got)
		}
		held := slices.Compact(slices.Sorted(slices.Values(got.Classes)))
		if len(held) < 2 || len(got.Classes) != 6*len(held) {
			t.Errorf("%d strangers of %q, want all 6 images of two classes or more", len(got.Classes), held)
		}
		learned := 0
		for _, class := range m.State.Classes {
			item := index.Item{Class: class}
			if m.Calibration().Learned(item) == slices.Contains(held, class) {
				t.Errorf("class %q: learned %t, held out %q", class, !slices.Contains(held, class), held)
			}
			if m.Calibration().Learned(item) {
				learned++
			}
		}
		if learned == 0 {
			t.Error("no class is learned")
		}
		sameVectors(t, m, c.Data, got)
	}
}

// sameVectors holds strangers against what m makes of all images of their classes.
func sameVectors(t *testing.T, m *trained.Model, data *dataset.Dataset, s *index.Strangers) {
	t.Helper()
	resizer, err := resize.New(m.Resize())
	if err != nil {
		t.Fatal(err)
	}
	store := pipeline.NewStore(data, pipeline.StoreOptions{Resizer: resizer})
	defer store.Close()
	var images []int32
	for i, image := range data.Images {
		if image.Class >= 0 && slices.Contains(s.Classes, data.Classes[image.Class]) {
			images = append(images, int32(i))
		}
	}
	want, err := evaluate.Embed(context.Background(), m, store, images, nil)
	if err != nil || len(want) != len(s.Vectors) {
		t.Fatalf("%d numbers, %v; want %d", len(want), err, len(s.Vectors))
	}
	for i, x := range s.Vectors {
		if math.Abs(float64(x-want[i])) > 1e-5*max(1, math.Abs(float64(x))) { // embedded in batches of other sizes
			t.Fatalf("number %d is %g, the network says %g", i, x, want[i])
		}
	}
}
