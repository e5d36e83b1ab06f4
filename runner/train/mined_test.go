package train

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/trained"
)

// TestNearestOthers against a plain loop that sorts all images of other classes, with ties.
func TestNearestOthers(t *testing.T) {
	const n, dim = 40, 3
	r := rand.New(rand.NewPCG(7, 7))
	rows, images, labels := make([]float32, n*dim), make([]int32, n), make([]int32, 2*n)
	for i := range rows {
		rows[i] = float32(r.IntN(4)) + 1 // of few values: there are ties
	}
	for i := range images {
		images[i] = int32(2*i + 1)
		labels[images[i]] = int32(r.IntN(5))
	}
	for _, name := range distance.Table.Names() {
		by, err := distance.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, among := range []int{1, 7, 100} {
			for i, got := range nearestOthers(rows, images, labels, by, among) {
				var want []int
				for k := range images {
					if labels[images[k]] != labels[images[i]] {
						want = append(want, k)
					}
				}
				far := func(k int) float64 { return by.Key(rows[i*dim:][:dim], rows[k*dim:][:dim]) }
				slices.SortStableFunc(want, func(a, b int) int {
					switch {
					case far(a) < far(b):
						return -1
					case far(a) > far(b):
						return 1
					}
					return 0
				})
				want = want[:min(among, len(want))]
				if !slices.EqualFunc(got, want, func(image int32, k int) bool { return image == images[k] }) {
					t.Fatalf("%s, among %d, image %d: %v, want rows %v", name, among, images[i], got, want)
				}
			}
		}
	}
}

// minedBatches are mined every three updates of twelve.
var minedBatches = []string{"sampler={mined: {images_per_class: 2, every: 3, among: 2}}", "train.batch_size=8",
	"loss=supcon", "distance=cosine"}

// TestMinedResume: stopped before, at and behind steps that mine, a training ends with the weights and the state of
// one that was not stopped, with a memory of earlier batches and without, from pixels and from kept features.
func TestMinedResume(t *testing.T) {
	files := pictures(t, 4, 8)
	for name, set := range map[string][]string{
		"pixels": {"augment=strong"}, "memory": {"loss={crossbatch: {size: 20, loss: supcon}}"},
		"triplets": {"topology=triplet", "loss=triplet", "distance=euclidean"},
		"features": {"input.size=32", "backbone.efficientnet-lite0.freeze=stage8", "augment.flip={}", "cache.views=2"},
	} {
		t.Run(name, func(t *testing.T) {
			with := append(slices.Clone(minedBatches), set...)
			whole := filepath.Join(t.TempDir(), "whole")
			if _, err := Run(context.Background(), config(t, files, whole, tiny(t, with...))); err != nil {
				t.Fatal(err)
			}
			want := newest(t, whole)
			stops := []int{2, 3, 7}
			if name == "features" { // of a large network
				stops = stops[2:]
			}
			for _, at := range stops {
				folder := filepath.Join(t.TempDir(), "run")
				ctx, cancel := context.WithCancel(context.Background())
				c := config(t, files, folder, tiny(t, with...))
				c.Observe = func(e Event) {
					if s, ok := e.(Stepped); ok && s.Step == at {
						cancel()
					}
				}
				var interrupted *InterruptedError
				if _, err := Run(ctx, c); !errors.As(err, &interrupted) || interrupted.Step != at {
					t.Fatalf("Run cancelled at step %d = %v", at, err)
				}
				if _, err := Run(context.Background(), config(t, files, folder, tiny(t, with...))); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(want, newest(t, folder)) {
					t.Fatalf("interrupted at step %d, another checkpoint than that of the whole", at)
				}
			}
		})
	}
}

// TestMined: what the state says was mined at a step is what the network of the checkpoint of that step finds, and it
// is not what the start finds.
func TestMined(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	c := config(t, pictures(t, 4, 8), folder, tiny(t, append(minedBatches, "train.steps=6", "train.eval_every=3",
		"optimizer={adam: {lr: 0.05}}")...))
	mined := map[int]*trained.Mined{}
	c.Observe = func(e Event) {
		if saved, ok := e.(Saved); ok {
			at := newest(t, folder)
			var s trained.State
			if err := json.Unmarshal(at.Meta, &s); err != nil {
				t.Fatal(err)
			}
			mined[saved.Step] = s.Mined
		}
	}
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	last := mined[6]
	if last == nil || last.Step != 3 || mined[3] == nil || mined[3].Step != 0 {
		t.Fatalf("mined at step 6: %v, at step 3: %v", last, mined[3])
	}
	if reflect.DeepEqual(last.Hardest, mined[3].Hardest) {
		t.Error("three steps change nothing of what is nearest")
	}
	third, err := checkpoint.Load(checkpoint.Path(filepath.Join(folder, "checkpoints"), 3))
	if err != nil {
		t.Fatal(err)
	}
	part := c.Data.In(dataset.Train)
	labels, err := c.Data.Labels(part)
	if err != nil {
		t.Fatal(err)
	}
	n, images := restored(t, c, third), part.Images
	want := nearestOthers(embedded(t, c, n, images), images, labels.Of, n.Distance(), 2)
	for i, image := range images {
		if !slices.Equal(want[i], last.Hardest[image]) {
			t.Fatalf("image %d: mined %v, want %v", image, last.Hardest[image], want[i])
		}
	}
}

// TestMinedTurns: turned images are refused before anything starts.
func TestMinedTurns(t *testing.T) {
	_, err := Resolve(tiny(t, append(minedBatches, "augment={turns: {}}")...))
	if err == nil || !strings.Contains(err.Error(), "take turns out of augment") {
		t.Errorf("error %v", err)
	}
}
