package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/features"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// sums is a frozen part: it makes the sums of the halves of an image, and counts images.
type sums struct{ seen int }

func (s *sums) embed(pixels []uint8) ([]float32, error) {
	var rows []float32
	for half := range slices.Chunk(pixels, oneImage/2) {
		sum := float32(0)
		for _, level := range half {
			sum += float32(level)
		}
		rows = append(rows, sum)
	}
	s.seen += len(rows) / 2
	return rows, nil
}

// filled returns the features of images of ds in the file at path, and how many of them
// had to be made.
func filled(t *testing.T, store *Store, path string, o CacheOptions) (*Cached, int) {
	t.Helper()
	c := NewCached(store, o)
	file, err := features.Open(path, features.Options{Rows: c.Rows(), Length: 2, Block: 4, Type: features.Float32})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	var s sums
	last := 0
	err = c.Fill(t.Context(), file, s.embed, func(done, made int) {
		if done <= last || made != s.seen {
			t.Errorf("%d rows done after %d, %d made of %d", done, last, made, s.seen)
		}
		last = done
	})
	if err != nil || last != c.Rows() {
		t.Fatalf("filled %d rows of %d: %v", last, c.Rows(), err)
	}
	return c, s.seen
}

// TestCachedLoader: a Loader gives the features of what it would have shown, for any
// number of workers and start, and opens no file. A view is a draw of an epoch.
func TestCachedLoader(t *testing.T) {
	ds, root := testData(t, 20)
	store, plans := testStore(t, ds, StoreOptions{MaxMemory: -1, MaxDisk: -1}), testSampler(t, ds, 8)
	steps := 4*plans.StepsPerEpoch() + 1
	a := testAugmenter(t, "{preset: strong, turns: {}}")
	var planned []int32
	for turn := range int32(4) {
		for image := range int32(20) {
			planned = append(planned, turn*20+image)
		}
	}
	for name, o := range map[string]CacheOptions{
		"plain": {Plain: all(ds), Augment: &augment.Augmenter{}},
		"views": {Plain: []int32{3, 5}, Drawn: planned, Views: 3, Augment: a, Seed: 1},
	} {
		c, _ := filled(t, store, filepath.Join(t.TempDir(), "features"), o)
		root.opens.Store(0)
		l := LoaderOptions{Augment: o.Augment, Cached: c, Workers: 1}
		first := collect(t, NewLoader(store, plans, l).Iter(t.Context(), 0, steps))
		l.Workers = 8
		if got := collect(t, NewLoader(store, plans, l).Iter(t.Context(), 2, steps)); !reflect.DeepEqual(got, first[2:]) {
			t.Errorf("%s: 8 workers from step 2 on give other batches", name)
		}
		if n := root.opens.Load(); n != 0 {
			t.Errorf("%s: steps opened %d files", name, n)
		}
		for _, b := range first {
			if len(b.Pixels) != 0 || len(b.Features) != 2*len(b.Images) {
				t.Fatalf("%s: a batch of %d images has %d bytes and %d features", name, len(b.Images),
					len(b.Pixels), len(b.Features))
			}
			for i, image := range b.Images {
				epoch, pixels := b.Step/plans.StepsPerEpoch(), testPixels(t, ds, store, image)
				a.Apply(pixels, testSize, augment.Draw{Epoch: o.viewOf(image, epoch), Image: image})
				if name == "plain" {
					pixels = testPixels(t, ds, store, image)
				}
				want, _ := new(sums).embed(pixels)
				if got := b.Features[2*i:][:2]; !slices.Equal(got, want) {
					t.Fatalf("%s, step %d: image %d has features %v, want %v", name, b.Step, image, got, want)
				}
			}
		}
	}
}

// viewOf is view where there are any.
func (o CacheOptions) viewOf(planned int32, epoch int) int {
	if o.Views == 0 {
		return 0
	}
	return o.view(planned, epoch)
}

// TestViews: in any run of epochs as long as there are views, each is shown once.
func TestViews(t *testing.T) {
	o := CacheOptions{Views: 5, Seed: 3}
	starts := map[int]bool{}
	for planned := range int32(50) {
		seen := map[int]bool{}
		for epoch := 7; epoch < 12; epoch++ {
			seen[o.view(planned, epoch)] = true
		}
		if len(seen) != 5 {
			t.Fatalf("image %d: %d of 5 views in 5 epochs", planned, len(seen))
		}
		starts[o.view(planned, 0)] = true
	}
	if len(starts) != 5 {
		t.Errorf("50 images start with %d of 5 views", len(starts))
	}
}

// TestCachedFresh: what was made before is not made again, unless a pixel, the resizing
// or the augmentation is another: of a changed image its block alone.
func TestCachedFresh(t *testing.T) {
	ds, root := testData(t, 10)
	path := filepath.Join(t.TempDir(), "features")
	o := CacheOptions{Plain: all(ds)[:6], Drawn: all(ds)[6:], Views: 2, Augment: testAugmenter(t, "{flip: {}}")}
	const rows = 6 + 2*4
	store := func(mode string) *Store {
		r, err := resize.New(resize.Options{Size: testSize, Mode: mode})
		if err != nil {
			t.Fatal(err)
		}
		return testStore(t, ds, StoreOptions{Resizer: r})
	}
	again := func(what string, s *Store, o CacheOptions, want int) {
		t.Helper()
		if _, made := filled(t, s, path, o); made != want {
			t.Errorf("%s: %d images are seen, want %d", what, made, want)
		}
	}
	again("new file", store("squash"), o, rows)
	again("the same", store("squash"), o, 0)
	again("resize mode", store("pad"), o, rows)
	again("resize mode, back", store("squash"), o, rows)
	o.Augment = testAugmenter(t, "{flip: {}, noise: {probability: 1, std: [0.1, 0.2]}}")
	again("augmentation", store("squash"), o, 2*4+2) // rows 4 and 5 share a block with row 6
	files := root.FS.(fstest.MapFS)
	files[ds.Images[1].Path] = files[ds.Images[9].Path]
	again("pixels", store("squash"), o, 4)
	again("the same", store("squash"), o, 0)
}

func TestCachedErrors(t *testing.T) {
	ds, root := testData(t, 10)
	store := testStore(t, ds, StoreOptions{})
	c := NewCached(store, CacheOptions{Plain: all(ds)})
	file, err := features.Open(filepath.Join(t.TempDir(), "features"),
		features.Options{Rows: 10, Length: 2, Block: 4, Type: features.Float32})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	blocks := 0
	err = c.Fill(ctx, file, func(pixels []uint8) ([]float32, error) {
		if blocks++; blocks == 2 {
			cancel()
		}
		return new(sums).embed(pixels)
	}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	var s sums
	if err := c.Fill(t.Context(), file, s.embed, nil); err != nil || s.seen != 2 {
		t.Errorf("went on with %d images, %v; want the last 2", s.seen, err)
	}
	spoil(ds, root, 7)
	fresh := NewCached(testStore(t, ds, StoreOptions{}), CacheOptions{Plain: all(ds)})
	var bad *decode.ImageError
	if err := fresh.Fill(t.Context(), file, s.embed, nil); !errors.As(err, &bad) {
		t.Errorf("with a bad image: %v", err)
	}
	if err := c.Features(make([]float32, 2), []int32{3}); err != nil {
		t.Error(err)
	}
	some := NewCached(store, CacheOptions{Plain: []int32{1}})
	if err := some.Features(make([]float32, 2), []int32{3}); err == nil {
		t.Error("an image without features is no error")
	}
}
