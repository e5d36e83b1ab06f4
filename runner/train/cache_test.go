package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// frozenSpec is a spec of a network with a frozen part.
func frozenSpec(t *testing.T, set ...string) *spec.Spec {
	t.Helper()
	return tiny(t, append([]string{"input.size=32", "backbone.efficientnet-lite0.freeze=all",
		"head.linear.embedding_dim=4", "loss=contrastive", "distance=cosine",
		"optimizer={sgd: {lr: 0.01}}", // Adam's first steps are ±lr, however small the gradient
		"train={steps: 6, eval_every: 4}"}, set...)...)
}

// differing returns all that two checkpoints differ in by more than a share of the largest
// number of each tensor.
func differing(a, b *checkpoint.Checkpoint, share float64) []string {
	var names []string
	for k, lists := range [][2][]checkpoint.Tensor{{a.Variables, b.Variables}, {a.Optimizer, b.Optimizer}} {
		for i, x := range lists[0] {
			y, largest, most := lists[1][i], 0.0, 0.0
			for j := range x.Data {
				largest = math.Max(largest, math.Abs(float64(x.Data[j])))
				most = math.Max(most, math.Abs(float64(x.Data[j]-y.Data[j])))
			}
			if x.Name != y.Name || most > share*largest {
				names = append(names, fmt.Sprintf("%d/%s by %.2g of %.2g", k, x.Name, most, largest))
			}
		}
	}
	return names
}

// withoutFiles removes the pictures once all features are made.
func withoutFiles(files fstest.MapFS) func(Event) {
	return func(e Event) {
		if x, ok := e.(Extracted); ok && x.Done == x.Total {
			clear(files)
		}
	}
}

// TestCached: training on features is training on images, but for the rounding of folded
// batch norm and, of float16, of the features. No image is opened once they are made,
// and nothing of them is left behind.
func TestCached(t *testing.T) {
	for set, halves := range map[string]float64{ // how far off float16 may be
		"": 1e-3,
		"backbone.efficientnet-lite0.freeze=stage8 train.ema=0.5": 0.1, // batch norm enlarges it
	} {
		t.Run(set, func(t *testing.T) {
			var ends []*checkpoint.Checkpoint
			for _, typ := range []string{spec.Off, spec.Float32, spec.Float16} {
				files := pictures(t, 4, 6)
				s := frozenSpec(t, append(strings.Fields(set), "cache.type="+typ)...)
				c := config(t, files, filepath.Join(t.TempDir(), "run"), s)
				if typ != spec.Off {
					c.Observe = withoutFiles(files)
				}
				if _, err := Run(context.Background(), c); err != nil {
					t.Fatal(err)
				}
				ends = append(ends, newest(t, c.Folder))
				if _, err := os.Stat(filepath.Join(c.Folder, "cache")); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: the run folder has a cache yet: %v", typ, err)
				}
				m, err := trained.Open(c.Folder, "last", network.Own{}, session.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := m.Threshold(); err != nil {
					t.Error(err)
				}
				if err := m.Close(); err != nil {
					t.Error(err)
				}
			}
			if d := differing(ends[0], ends[1], 1e-5); d != nil {
				t.Errorf("float32: %v", d)
			}
			if d := differing(ends[0], ends[2], halves); d != nil {
				t.Errorf("float16: %v", d)
			}
		})
	}
}

// TestCachedResume: a training that is interrupted while features are made, and again at
// a step, ends as one that is not, bit for bit, whether or not its features are there yet.
func TestCachedResume(t *testing.T) {
	set := "backbone.efficientnet-lite0.freeze=stage8 augment.flip={} augment.noise={} cache.views=3"
	run := func(folder string, stop func(Event) bool) (made int) {
		t.Helper()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c := config(t, pictures(t, 4, 12), folder, frozenSpec(t, strings.Fields(set)...))
		c.Observe = func(e Event) {
			if x, ok := e.(Extracted); ok {
				made = x.Made
			}
			if stop != nil && stop(e) {
				cancel()
			}
		}
		var interrupted *InterruptedError
		if _, err := Run(ctx, c); errors.As(err, &interrupted) != (stop != nil) {
			t.Fatal(err)
		}
		return made
	}
	whole, halves := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	all := run(whole, nil)
	made := run(halves, func(e Event) bool { _, ok := e.(Extracted); return ok })
	kept, err := os.ReadFile(filepath.Join(halves, "cache", "features"))
	if err != nil || len(bytes.Trim(kept, "\x00")) == 0 {
		t.Errorf("interrupted, the features are %d bytes, %v", len(kept), err)
	}
	rest := run(halves, func(e Event) bool { s, ok := e.(Stepped); return ok && s.Step == 2 })
	if made+rest < all || rest == all {
		t.Errorf("%d images were made before the interrupt, %d of %d after it", made, rest, all)
	}
	if err := os.RemoveAll(filepath.Join(halves, "cache")); err != nil {
		t.Fatal(err)
	}
	run(halves, func(e Event) bool { s, ok := e.(Stepped); return ok && s.Step == 5 })
	run(halves, nil)
	if diff := cmp.Diff(newest(t, whole), newest(t, halves)); diff != "" {
		t.Errorf("checkpoints differ (-whole +halves):\n%.500s", diff)
	}
}

// TestCachedLabelImages: label images are rows of the same features.
func TestCachedLabelImages(t *testing.T) {
	var ends []*checkpoint.Checkpoint
	for _, typ := range []string{spec.Off, spec.Float32} {
		folder := filepath.Join(t.TempDir(), "run")
		s := tinyFeature(t, "input.size=32", "backbone.efficientnet-lite0.freeze=all", "head.linear.embedding_dim=4",
			"optimizer={sgd: {lr: 0.01}}", "train={steps: 6, eval_every: 4}", "target.side=shared", "cache.type="+typ)
		if _, err := Run(context.Background(), featureConfig(t, nil, folder, s)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, newest(t, folder))
	}
	if d := differing(ends[0], ends[1], 1e-5); d != nil {
		t.Error(d)
	}
}

// TestCacheNotes: what happens to the features is said before the first step.
func TestCacheNotes(t *testing.T) {
	for _, c := range []struct{ set, note string }{
		{"", "sees each image once: its features are kept in the run folder as float16, 7.5 MB"},
		{"cache.type=off", ""},
		{"augment.flip={}", "cache.views=4 would keep those of 4 draws"},
		{"augment.flip={} cache.views=2 cache.type=float32", "sees 2 draws of each training image"},
	} {
		l := &loop{Config: Config{Resolved: mustResolve(t, frozenSpec(t, strings.Fields(c.set)...))}}
		notes := strings.Join(l.cacheNotes(7_540_000), "\n")
		if !strings.Contains(notes, c.note) || (c.note == "") != (notes == "") {
			t.Errorf("%s: notes %q, want %q", c.set, notes, c.note)
		}
	}
}

// TestCacheRefuses: a cache of nothing, and views that would be alike.
func TestCacheRefuses(t *testing.T) {
	for set, want := range map[string]string{
		"cache.views=2": "cache.views is 2, but augment has no steps",
		"backbone.efficientnet-lite0.freeze=none cache.type=float32": "cache keeps what a frozen part makes of images",
	} {
		if _, err := Resolve(frozenSpec(t, strings.Fields(set)...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", set, err, want)
		}
	}
}
