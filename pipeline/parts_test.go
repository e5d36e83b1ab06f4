package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// rejoined reads the parts of b, so many images at a time, into one batch.
func rejoined(t *testing.T, b *Batch, images int) Batch {
	t.Helper()
	whole := clone(b)
	whole.parts, whole.Pixels, whole.Features = nil, nil, nil
	var shown []int32
	for part, err := range b.Parts(images) {
		if err != nil {
			t.Fatal(err)
		}
		if len(part.Images) > images || part.Step != b.Step {
			t.Errorf("part of %d images, of step %d", len(part.Images), part.Step)
		}
		shown = append(shown, part.Images...)
		whole.Pixels, whole.Features = append(whole.Pixels, part.Pixels...), append(whole.Features, part.Features...)
	}
	if !slices.Equal(shown, b.Images) {
		t.Errorf("parts show %v of %v", shown, b.Images)
	}
	return whole
}

// TestParts: the parts of a batch are the batch that is read at once, in the first pass as in the second, augmented
// and turned, as pixels and as features.
func TestParts(t *testing.T) {
	ds, _ := testData(t, 30)
	store, plans := testStore(t, ds, StoreOptions{MaxMemory: -1, MaxDisk: -1}), testSampler(t, ds, 8)
	steps := 2*plans.StepsPerEpoch() + 1
	strong := testAugmenter(t, "{preset: strong, turns: {}}")
	cached, _ := filled(t, store, filepath.Join(t.TempDir(), "features"),
		CacheOptions{Plain: []int32{3}, Drawn: all(ds), Views: 3, Augment: strong, Seed: 1})
	plain, _ := filled(t, store, filepath.Join(t.TempDir(), "plain"),
		CacheOptions{Plain: all(ds), Augment: &augment.Augmenter{}})
	for name, o := range map[string]LoaderOptions{
		"pixels": {Augment: strong}, "as they are": {}, "features": {Cached: plain}, "drawn": {Augment: strong, Cached: cached},
	} {
		want := collect(t, NewLoader(store, plans, o).Iter(t.Context(), 0, steps))
		o.Part = 3
		step := 0
		for b, err := range NewLoader(store, plans, o).Iter(t.Context(), 0, steps) {
			if err != nil {
				t.Fatal(err)
			}
			if !b.InParts() || len(b.Pixels) > 0 || len(b.Features) > 0 {
				t.Fatalf("%s: a batch of %d images is there at once", name, len(b.Images))
			}
			for range 2 {
				if got := rejoined(t, b, 3); !same(got, want[step]) {
					t.Errorf("%s, step %d: parts differ from the batch", name, step)
				}
			}
			if got := rejoined(t, &want[step], 3); !same(got, want[step]) {
				t.Errorf("%s, step %d: parts of a whole batch differ from it", name, step)
			}
			step++
		}
		o.Part = 100
		if got := collect(t, NewLoader(store, plans, o).Iter(t.Context(), 0, steps)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: batches that are no larger than a part differ", name)
		}
	}
}

// same compares what the network sees.
func same(a, b Batch) bool {
	return slices.Equal(a.Images, b.Images) && slices.Equal(a.Labels, b.Labels) && slices.Equal(a.Left, b.Left) &&
		slices.Equal(a.Pixels, b.Pixels) && slices.Equal(a.Features, b.Features)
}

// TestPartsEnd: a context that is done ends no step in hand; an image that cannot be read does.
func TestPartsEnd(t *testing.T) {
	ds, root := testData(t, 16)
	store, plans := testStore(t, ds, StoreOptions{MaxMemory: -1, MaxDisk: -1}), testSampler(t, ds, 8)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for b, err := range NewLoader(store, plans, LoaderOptions{Part: 3}).Iter(ctx, 0, 1) {
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		rejoined(t, b, 3)
		last := b.Images[len(b.Images)-1]
		spoil(ds, root, last)
		var failed error
		for _, err := range b.Parts(3) {
			failed = err
		}
		var bad *decode.ImageError
		if !errors.As(failed, &bad) || bad.Path != ds.Images[last].Path {
			t.Errorf("error %v, want image %q", failed, ds.Images[last].Path)
		}
	}
}
