package train

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// photos returns files, the first picture of each class a label image, and the list
// that says so.
func photos(files map[string][]byte) (fstest.MapFS, string) {
	m, list := fstest.MapFS{}, "image,label_image\n"
	label := map[string]string{}
	names := make([]string, 0, len(files))
	for name, data := range files {
		m[name] = &fstest.MapFile{Data: data}
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		class := path.Base(path.Dir(name))
		if label[class] == "" {
			label[class] = name
			continue
		}
		list += fmt.Sprintf("%s,%s\n", name, label[class])
	}
	return m, list
}

func contents(files fstest.MapFS) map[string][]byte {
	m := map[string][]byte{}
	for name, f := range files {
		m[name] = f.Data
	}
	return m
}

// featureConfig returns a training on pictures of four colours, or on other files.
func featureConfig(t *testing.T, files map[string][]byte, folder string, s *spec.Spec) Config {
	t.Helper()
	if files == nil {
		files = contents(pictures(t, 4, 10))
	}
	m, list := photos(files)
	c := config(t, pictures(t, 2, 2), folder, s)
	c.Data = openListed(t, m, list)
	return c
}

// tinyFeature is a spec of topology feature that trains in moments.
func tinyFeature(t *testing.T, set ...string) *spec.Spec {
	t.Helper()
	return tiny(t, append([]string{"topology=feature", "sampler=labels", "loss=infonce", "distance=cosine",
		"train.select=val.recall@1", "optimizer.adam.lr=0.003"}, set...)...)
}

// TestFeatureLearns: each side, against the batch and against all label images.
func TestFeatureLearns(t *testing.T) {
	for _, set := range []string{
		"target.side=shared",
		"target.side=shared sampler.labels.against=gallery target.augment=true augment.brightness.amount=0.1",
		"sampler.labels.against=gallery loss=l1 distance=euclidean",
		"loss=mse distance=euclidean",
		"loss=cosine",
		"loss=supcon target.side=shared train.ema=0.5",
	} {
		t.Run(set, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "run")
			c := featureConfig(t, nil, folder,
				tinyFeature(t, append(strings.Fields(set), "train.steps=60", "train.eval_every=20")...))
			var notes string
			c.Observe = func(e Event) {
				if s, ok := e.(Started); ok {
					notes = strings.Join(s.Notes, "\n")
				}
			}
			s, err := Run(context.Background(), c)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(notes, "the backbone starts from random values") ||
				strings.Contains(notes, "frozen targets") == strings.Contains(set, "shared") {
				t.Errorf("notes %q", notes)
			}
			if r := s.Best.Metrics["recall@1"]; r < 0.9 {
				t.Errorf("best val.recall@1 = %.3f, want at least 0.9 on photos told apart by colour", r)
			}
			m, err := trained.Open(folder, "best", network.Own{}, session.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			g, err := m.Labels()
			if err != nil || len(g.Images) != 4 || len(g.Vectors) != 4*m.Dim() {
				t.Errorf("gallery %+v, %v; want vectors of 4 label images", g, err)
			}
		})
	}
}

// TestFeatureOverfits: drawn figures are learnt by heart with a shared side.
func TestFeatureOverfits(t *testing.T) {
	files, err := sample.Files(sample.Options{Seed: 3, Classes: 4, Train: 8, Test: 1, Size: 32})
	if err != nil {
		t.Fatal(err)
	}
	s := tinyFeature(t, "target.side=shared", "input.size=32", "train.batch_size=32",
		"backbone.smallconv={filters: [8, 8], dense: 16}", "train.steps=150", "train.eval_every=150")
	c := featureConfig(t, files, filepath.Join(t.TempDir(), "run"), s)
	var first, last float64
	c.Observe = func(e Event) {
		if s, ok := e.(Stepped); ok && s.Step == 1 {
			first = s.Loss
		} else if ok && s.Recorded() {
			last = s.Loss
		}
	}
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	if !(last < first/10) {
		t.Errorf("loss went from %.3g to %.3g, want a tenth", first, last)
	}
}

// TestFeatureResume: stopped at a step and gone on with, a training ends with the same
// weights and the same gallery; a frozen gallery is that of the start.
func TestFeatureResume(t *testing.T) {
	for _, side := range []string{spec.FrozenTargets, spec.SharedTargets} {
		t.Run(side, func(t *testing.T) {
			s := func() *spec.Spec {
				return tinyFeature(t, "target.side="+side, "augment=light", "train.steps=8", "train.eval_every=6")
			}
			whole, halves := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "halves")
			if _, err := Run(context.Background(), featureConfig(t, nil, whole, s())); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			c := featureConfig(t, nil, halves, s())
			c.Observe = func(e Event) {
				if s, ok := e.(Stepped); ok && s.Step == 3 {
					cancel()
				}
			}
			var interrupted *InterruptedError
			if _, err := Run(ctx, c); !errors.As(err, &interrupted) {
				t.Fatalf("cancelled: %v", err)
			}
			middle := newest(t, halves)
			if _, err := Run(context.Background(), featureConfig(t, nil, halves, s())); err != nil {
				t.Fatal(err)
			}
			want, got := newest(t, whole), newest(t, halves)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("checkpoints differ (-whole +halves):\n%.500s", diff)
			}
			if same := cmp.Equal(middle.Gallery, got.Gallery); same != (side == spec.FrozenTargets) {
				t.Errorf("the gallery of step 3 is that of step 8: %v", same)
			}
		})
	}
}

// TestFeatureRefuses: data without label images, and turns as classes.
func TestFeatureRefuses(t *testing.T) {
	_, err := Run(context.Background(),
		config(t, pictures(t, 3, 6), filepath.Join(t.TempDir(), "run"), tinyFeature(t)))
	if err == nil || !strings.Contains(err.Error(), "the data has no label images") {
		t.Errorf("class folders: %v", err)
	}
	if _, err := Resolve(tinyFeature(t, "augment.turns={}")); err == nil ||
		!strings.Contains(err.Error(), "augment.turns makes turned images classes of their own") {
		t.Errorf("turns: %v", err)
	}
	if _, err := Resolve(tinyFeature(t, "sampler=pairs")); err == nil ||
		!strings.Contains(err.Error(), `sampler "pairs" cannot give targets, which the loss needs: set sampler to labels`) {
		t.Errorf("pairs: %v", err)
	}
	s, err := spec.Preset("image-label")
	if err != nil {
		t.Fatal(err)
	}
	if target := mustResolve(t, s).Spec.Target; target.Side != spec.FrozenTargets {
		t.Errorf("preset image-label: target %+v", target)
	}
}
