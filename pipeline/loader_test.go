package pipeline

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/sampler"
)

// clone copies what the next batch will overwrite.
func clone(b *Batch) Batch {
	c := *b
	c.Pixels, c.Images = slices.Clone(b.Pixels), slices.Clone(b.Images)
	c.Features = slices.Clone(b.Features)
	c.Labels = slices.Clone(b.Labels)
	c.Left, c.Right, c.Same = slices.Clone(b.Left), slices.Clone(b.Right), slices.Clone(b.Same)
	c.Anchor = slices.Clone(b.Anchor)
	c.Positive, c.Negative = slices.Clone(b.Positive), slices.Clone(b.Negative)
	c.References, c.Targets = slices.Clone(b.References), slices.Clone(b.Targets)
	return c
}

func collect(t testing.TB, batches iter.Seq2[*Batch, error]) []Batch {
	t.Helper()
	var all []Batch
	for b, err := range batches {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, clone(b))
	}
	return all
}

// TestLoaderWorkers: 1 and 8 workers give the same bytes, warm or cold, and so does
// a Loader that starts in the middle.
func TestLoaderWorkers(t *testing.T) {
	ds, _ := testData(t, 30)
	plans := testSampler(t, ds, 8)
	steps := 3*plans.StepsPerEpoch() + 1
	warm := testStore(t, ds, StoreOptions{})
	if _, err := warm.Prepare(t.Context(), all(ds), nil); err != nil {
		t.Fatal(err)
	}
	want := collect(t, NewLoader(warm, plans, LoaderOptions{Workers: 1}).Iter(t.Context(), 0, steps))
	if len(want) != steps {
		t.Fatalf("%d batches, want %d", len(want), steps)
	}
	stores := map[string]*Store{
		"warm": warm, "cold": testStore(t, ds, StoreOptions{}),
		"none": testStore(t, ds, StoreOptions{MaxMemory: -1, MaxDisk: -1}),
	}
	for name, store := range stores {
		for _, o := range []LoaderOptions{{Workers: 8}, {Workers: 8, Ahead: 1}, {Workers: 2, Ahead: 50}} {
			l := NewLoader(store, plans, o)
			if got := collect(t, l.Iter(t.Context(), 0, steps)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s store, %+v: other batches than one worker's", name, o)
			}
			if got := collect(t, l.Iter(t.Context(), 5, steps)); !reflect.DeepEqual(got, want[5:]) {
				t.Errorf("%s store, %+v: batches from step 5 on differ", name, o)
			}
		}
	}
}

// TestLoaderBatches holds each batch against its plan and the files.
func TestLoaderBatches(t *testing.T) {
	ds, root := testData(t, 21)
	store := testStore(t, ds, StoreOptions{MaxMemory: 9 * oneImage, SpillDir: t.TempDir()})
	if _, err := store.Prepare(t.Context(), all(ds), nil); err != nil {
		t.Fatal(err)
	}
	files := make([][]uint8, len(ds.Images))
	for i := range files {
		files[i] = testPixels(t, ds, store, int32(i))
	}
	root.opens.Store(0)
	rapid.Check(t, func(rt *rapid.T) {
		plans := testSampler(t, ds, rapid.IntRange(2, 12).Draw(rt, "batch"))
		from := rapid.IntRange(0, 20).Draw(rt, "from")
		to := from + rapid.IntRange(0, 12).Draw(rt, "steps")
		l := NewLoader(store, plans, LoaderOptions{
			Workers: rapid.IntRange(1, 4).Draw(rt, "workers"),
			Ahead:   rapid.IntRange(1, 6).Draw(rt, "ahead"),
		})
		step := from
		for b, err := range l.Iter(t.Context(), from, to) {
			if err != nil {
				rt.Fatal(err)
			}
			checkBatch(rt, b, plans.Plan(step), files)
			if b.Step != step || b.Size != testSize {
				rt.Fatalf("step %d size %d, want %d and %d", b.Step, b.Size, step, testSize)
			}
			step++
		}
		if step != to {
			rt.Fatalf("ended before step %d, want %d", step, to)
		}
	})
	if got := root.opens.Load(); got != 0 {
		t.Errorf("later epochs opened %d files", got)
	}
}

func checkBatch(t *rapid.T, b *Batch, plan sampler.Plan, files [][]uint8) {
	if !slices.Equal(b.Images, plan.Images) || !slices.Equal(b.Left, plan.Left) ||
		!slices.Equal(b.Right, plan.Right) || len(b.Same) != len(plan.Same) ||
		!slices.Equal(b.Anchor, plan.Anchor) || !slices.Equal(b.Positive, plan.Positive) ||
		!slices.Equal(b.Negative, plan.Negative) {
		t.Fatalf("batch %+v is not as planned: %+v", b, plan)
	}
	for i, image := range b.Images {
		if want := image % 4; b.Labels[i] != want { // as testData has it
			t.Fatalf("label of image %d is %d, want %d", image, b.Labels[i], want)
		}
		if !bytes.Equal(b.Pixels[i*oneImage:(i+1)*oneImage], files[image]) {
			t.Fatalf("row %d does not hold image %d", i, image)
		}
	}
	if len(b.Pixels) != len(b.Images)*oneImage {
		t.Fatalf("%d bytes for %d images", len(b.Pixels), len(b.Images))
	}
	for i, same := range plan.Same {
		if (b.Same[i] == 1) != same || b.Same[i] != 0 && b.Same[i] != 1 {
			t.Fatalf("same[%d] = %g, planned %v", i, b.Same[i], same)
		}
	}
}

// TestLoaderBadImage: a step with a bad image is an error, at its place.
func TestLoaderBadImage(t *testing.T) {
	ds, root := testData(t, 16)
	spoil(ds, root, 5)
	plans := testSampler(t, ds, 4)
	first := 0
	for !slices.Contains(plans.Plan(first).Images, 5) {
		first++
	}
	step := 0
	var last error
	store := testStore(t, ds, StoreOptions{})
	for _, err := range NewLoader(store, plans, LoaderOptions{}).Iter(t.Context(), 0, 10) {
		if last = err; err == nil {
			step++
		}
	}
	var ie *decode.ImageError
	if step != first || !errors.As(last, &ie) || ie.Path != ds.Images[5].Path ||
		!strings.HasPrefix(last.Error(), "batch of step ") {
		t.Errorf("step %d: error %v, want image %q at step %d", step, last, ds.Images[5].Path, first)
	}
}

// TestLoaderStops: no goroutine survives a break, a cancelled context or a pull
// that is stopped, wherever they fall.
func TestLoaderStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ds, _ := testData(t, 40)
	store := testStore(t, ds, StoreOptions{MaxMemory: -1, MaxDisk: -1})
	l := NewLoader(store, testSampler(t, ds, 6), LoaderOptions{Workers: 4, Ahead: 3})
	for stop := range 6 {
		for b, err := range l.Iter(t.Context(), 0, 100) {
			if err != nil {
				t.Fatal(err)
			}
			if b.Step == stop {
				break
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var last error
		seen := 0
		for b, err := range l.Iter(ctx, 0, 100) {
			if last = err; err == nil {
				seen++
				if b.Step == stop {
					cancel()
				}
			}
		}
		if !errors.Is(last, context.Canceled) || seen != stop+1 {
			t.Errorf("cancelled at step %d: %d batches, error %v", stop, seen, last)
		}
		cancel()
		next, end := iter.Pull2(l.Iter(t.Context(), 0, 100))
		for range stop {
			if _, err, ok := next(); err != nil || !ok {
				t.Errorf("error %v, more %v", err, ok)
			}
		}
		end()
	}
}

func TestSequence(t *testing.T) {
	ds, root := testData(t, 11)
	images := []int32{10, 3, 0, 7, 1, 2, 9}
	store := testStore(t, ds, StoreOptions{Workers: 3})
	var got []int32
	var sizes []int
	for _, b := range collect(t, store.Sequence(t.Context(), images, 3, nil)) {
		sizes = append(sizes, len(b.Images))
		for i, image := range b.Images {
			if !bytes.Equal(b.Pixels[i*oneImage:(i+1)*oneImage], testPixels(t, ds, store, image)) {
				t.Errorf("batch %d row %d does not hold image %d", b.Step, i, image)
			}
			if b.Labels[i] != image%4 {
				t.Errorf("label of image %d is %d", image, b.Labels[i])
			}
		}
		got = append(got, b.Images...)
	}
	if !slices.Equal(got, images) || !slices.Equal(sizes, []int{3, 3, 1}) {
		t.Errorf("images %v in batches of %v, want %v in 3, 3, 1", got, sizes, images)
	}
	if n := len(collect(t, store.Sequence(t.Context(), nil, 3, nil))); n != 0 {
		t.Errorf("no images give %d batches", n)
	}
	collect(t, store.Sequence(t.Context(), images, 2, nil))
	if opens := root.opens.Load(); opens != int64(len(images)) {
		t.Errorf("two sequences opened %d files, want %d", opens, len(images))
	}
}

// TestSequenceBad: onBad sees each bad image in order and decides.
func TestSequenceBad(t *testing.T) {
	ds, root := testData(t, 12)
	spoil(ds, root, 1, 3, 4, 5) // 3, 4 and 5 are a whole batch
	stop := errors.New("over budget")
	tests := []struct {
		name   string
		budget int // bad images accepted; -1: no onBad
		bad    []int32
		images []int32
		want   error
	}{
		{"all accepted", 4, []int32{1, 3, 4, 5}, []int32{0, 2, 6, 7, 8, 9, 10, 11}, nil},
		{"over budget", 2, []int32{1, 3, 4}, []int32{0, 2}, stop},
		{"no policy", -1, nil, nil, &decode.ImageError{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var bad, images []int32
			onBad := func(b BadImage) error {
				if bad = append(bad, b.Image); len(bad) > test.budget {
					return stop
				}
				return nil
			}
			if test.budget < 0 {
				onBad = nil
			}
			var last error
			store := testStore(t, ds, StoreOptions{Workers: 3})
			for b, err := range store.Sequence(t.Context(), all(ds), 3, onBad) {
				if last = err; err == nil {
					images = append(images, b.Images...)
				}
			}
			var ie *decode.ImageError
			if errors.As(test.want, &ie) {
				if !errors.As(last, &ie) || ie.Path != ds.Images[1].Path {
					t.Errorf("error %v, want that of image 1", last)
				}
			} else if last != test.want {
				t.Errorf("error %v, want %v", last, test.want)
			}
			if !slices.Equal(bad, test.bad) || !slices.Equal(images, test.images) {
				t.Errorf("bad %v, images %v, want %v and %v", bad, images, test.bad, test.images)
			}
		})
	}
}

func TestSequenceStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ds, _ := testData(t, 30)
	store := testStore(t, ds, StoreOptions{Workers: 4, MaxMemory: -1, MaxDisk: -1})
	for _, err := range store.Sequence(t.Context(), all(ds), 2, nil) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for b, err := range store.Sequence(ctx, all(ds), 2, nil) {
		if b != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before the start: batch %v, error %v", b, err)
		}
	}
}

// BenchmarkLoader reports the images of warm batches assembled per second, 64
// pixels wide, about 64 to a batch, as program 1 has them.
func BenchmarkLoader(b *testing.B) {
	ds, _ := testData(b, 2000)
	store := testStore(b, ds, StoreOptions{Resizer: mustResizer(b, 64)})
	if _, err := store.Prepare(b.Context(), all(ds), nil); err != nil {
		b.Fatal(err)
	}
	l := NewLoader(store, testSampler(b, ds, 32), LoaderOptions{})
	b.ReportAllocs()
	b.ResetTimer()
	images := 0
	for batch, err := range l.Iter(b.Context(), 0, b.N) {
		if err != nil {
			b.Fatal(err)
		}
		images += len(batch.Images)
	}
	b.ReportMetric(float64(images)/b.Elapsed().Seconds(), "images/s")
}
