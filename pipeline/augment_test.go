package pipeline

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/sampler"
)

func testAugmenter(t testing.TB, text string) *augment.Augmenter {
	t.Helper()
	var c named.Choices
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	a, err := augment.New(&c, 5)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestLoaderAugments: each row is its image as the Augmenter draws it in the epoch of
// the step, for any number of workers and start, and the Store keeps what it read.
func TestLoaderAugments(t *testing.T) {
	ds, _ := testData(t, 20)
	store, plans := testStore(t, ds, StoreOptions{}), testSampler(t, ds, 8)
	a := testAugmenter(t, "{preset: strong, noise: {probability: 1}}")
	steps := 2*plans.StepsPerEpoch() + 1
	first := collect(t, NewLoader(store, plans, LoaderOptions{Augment: a, Workers: 1}).
		Iter(t.Context(), 0, steps))
	for _, b := range first {
		for i, image := range b.Images {
			want := testPixels(t, ds, store, image)
			a.Apply(want, testSize, augment.Draw{Epoch: b.Step / plans.StepsPerEpoch(), Image: image})
			if !bytes.Equal(b.Pixels[i*oneImage:(i+1)*oneImage], want) {
				t.Fatalf("step %d: row %d is not the draw of image %d", b.Step, i, image)
			}
		}
	}
	many := NewLoader(store, plans, LoaderOptions{Augment: a, Workers: 8})
	if got := collect(t, many.Iter(t.Context(), 2, steps)); !reflect.DeepEqual(got, first[2:]) {
		t.Error("8 workers from step 2 on give other batches")
	}
	for _, b := range collect(t, store.Sequence(t.Context(), all(ds), 6, nil)) {
		for i, image := range b.Images {
			if !bytes.Equal(b.Pixels[i*oneImage:(i+1)*oneImage], testPixels(t, ds, store, image)) {
				t.Fatalf("a sequence gives image %d augmented", image)
			}
		}
	}
}

// TestTurned: every image is there in four turns, each with a class of its own, and
// the tuples that a list has stay in one turn.
func TestTurned(t *testing.T) {
	ds, _ := testData(t, 12)
	ds.Pairs = []dataset.Pair{{Left: 0, Right: 4, Same: true}, {Left: 1, Right: 2}}
	part := dataset.Part{Split: dataset.Train, Images: []int32{0, 1, 2, 4}, Pairs: dataset.ListOf(ds.Pairs),
		Triplets: dataset.ListOf([]dataset.Triplet{{Anchor: 0, Positive: 4, Negative: 1}})}
	got := Turned(part, 12, 4)
	want := []int32{0, 1, 2, 4, 12, 13, 14, 16, 24, 25, 26, 28, 36, 37, 38, 40}
	if !slices.Equal(got.Images, want) || got.Split != dataset.Train {
		t.Errorf("Images = %v, want %v", got.Images, want)
	}
	if p := got.Pairs.At(3); got.Pairs.Len() != 8 || p.Left != 13 || p.Right != 14 || p.Same {
		t.Errorf("%d pairs, the fourth is %+v", got.Pairs.Len(), p)
	}
	third := dataset.Triplet{Anchor: 24, Positive: 28, Negative: 25}
	if got.Triplets.Len() != 4 || got.Triplets.At(2) != third {
		t.Errorf("triplets %+v, want four, the third %+v", got.Triplets, third)
	}
	if same := Turned(part, 12, 1); !reflect.DeepEqual(same, part) {
		t.Errorf("one turn is %+v, want %+v", same, part)
	}
	l := TurnedLabels(dataset.Labels{Of: []int32{1, -1, 0}, Classes: 2}, 2)
	if want := []int32{1, -1, 0, 3, -1, 2}; !slices.Equal(l.Of, want) || l.Classes != 4 {
		t.Errorf("labels %v in %d classes, want %v in 4", l.Of, l.Classes, want)
	}
}

// TestLoaderTurns: balanced batches over turned images have the pixels of the turn
// and its label, and the dataset's own index.
func TestLoaderTurns(t *testing.T) {
	ds, _ := testData(t, 20)
	store, a := testStore(t, ds, StoreOptions{}), testAugmenter(t, "{turns: {}}")
	labels := TurnedLabels(dataset.Labels{Of: Labels(ds), Classes: 4}, 4).Of
	maker, err := sampler.Table.New(&named.Choice{Name: "balanced"})
	if err != nil {
		t.Fatal(err)
	}
	plans, err := maker.New(sampler.Source{Part: Turned(dataset.Part{Images: all(ds)}, 20, 4),
		Labels: labels, BatchSize: 16, Tuples: sampler.Pairs})
	if err != nil {
		t.Fatal(err)
	}
	if plans.StepsPerEpoch() != 5 { // 80 images in batches of 16
		t.Errorf("%d steps per epoch, want 5", plans.StepsPerEpoch())
	}
	seen := map[int32]int{}
	loader := NewLoader(store, plans, LoaderOptions{Augment: a})
	for _, b := range collect(t, loader.Iter(t.Context(), 0, 5)) {
		for i, image := range b.Images {
			turn := int(b.Labels[i] / 4)
			if b.Labels[i]%4 != image%4 {
				t.Fatalf("label %d of image %d", b.Labels[i], image)
			}
			want := testPixels(t, ds, store, image)
			a.Apply(want, testSize, augment.Draw{Image: image, Turn: turn})
			if !bytes.Equal(b.Pixels[i*oneImage:(i+1)*oneImage], want) {
				t.Fatalf("row %d is not image %d in turn %d", i, image, turn)
			}
			seen[b.Labels[i]]++
		}
	}
	if len(seen) != 16 {
		t.Errorf("an epoch has %d classes, want 16", len(seen))
	}
}
