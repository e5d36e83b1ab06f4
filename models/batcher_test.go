package models

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// stub returns a batcher of images of 2 bytes and embeddings of 1 number, the sum of
// the bytes, that takes a second per run; sizes gets the images of each run.
func stub(maxBatch int, delay time.Duration, sizes *[]int) *batcher {
	b := &batcher{bytes: 2, dim: 1, max: maxBatch, delay: delay}
	b.run = func(pixels []uint8) ([]float32, error) {
		time.Sleep(time.Second)
		*sizes = append(*sizes, len(pixels)/2)
		var rows []float32
		for i := 0; i < len(pixels); i += 2 {
			rows = append(rows, float32(pixels[i])+float32(pixels[i+1]))
		}
		return rows, nil
	}
	return b
}

// TestBatcherShares: callers that come during a run share the next ones, each gets its
// own rows, and none leads for longer than its own batch.
func TestBatcherShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		b := stub(4, 0, &sizes)
		start := time.Now()
		var wait sync.WaitGroup
		for i := range 10 {
			wait.Go(func() {
				if i > 0 {
					time.Sleep(time.Millisecond * time.Duration(i))
				}
				rows, err := b.embed(context.Background(), []uint8{uint8(i), 100})
				if err != nil || !slices.Equal(rows, []float32{float32(i) + 100}) {
					t.Errorf("embed(%d) = %v, %v; want %d", i, rows, err, i+100)
				}
				if took := time.Since(start); i == 0 && took > time.Second {
					t.Errorf("the first waited %v, want its own run of 1s", took)
				}
			})
		}
		wait.Wait()
		if want := []int{1, 4, 4, 1}; !slices.Equal(sizes, want) {
			t.Errorf("runs of %v images, want %v", sizes, want)
		}
		if b.leader != nil || len(b.queue) > 0 || b.images != 0 {
			t.Errorf("batcher is left with %+v", b)
		}
	})
}

// TestBatcherSizes: batches have few sizes, so that memory does not grow whenever another number of callers meets. Calls
// with several images run as they come.
func TestBatcherSizes(t *testing.T) {
	for _, c := range []struct {
		max    int
		images []int // of calls, in order; the first runs while the others come
		want   []int // images of each run
	}{
		{32, slices.Repeat([]int{1}, 14), []int{1, 12, 1}},
		{32, slices.Repeat([]int{1}, 64), []int{1, 32, 24, 6, 1}},
		{20, slices.Repeat([]int{1}, 40), []int{1, 20, 16, 3}},
		{32, []int{1, 5, 5, 5}, []int{1, 15}}, // none of their sums is such a size
		{32, []int{1, 5, 1, 4}, []int{1, 6, 4}},
		{4, []int{1, 9, 2}, []int{1, 9, 2}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var sizes []int
			b := stub(c.max, 0, &sizes)
			var wait sync.WaitGroup
			for i, n := range c.images {
				wait.Go(func() {
					time.Sleep(time.Millisecond * time.Duration(i))
					pixels := slices.Repeat([]uint8{uint8(i), 100}, n)
					rows, err := b.embed(context.Background(), pixels)
					if want := slices.Repeat([]float32{float32(i) + 100}, n); err != nil || !slices.Equal(rows, want) {
						t.Errorf("embed(%d) = %v, %v; want %v", i, rows, err, want)
					}
				})
			}
			wait.Wait()
			if !slices.Equal(sizes, c.want) {
				t.Errorf("calls with %v images, %d at most: runs of %v, want %v", c.images, c.max, sizes, c.want)
			}
		})
	}
	if got, want := BatchSizes(32), []int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32}; !slices.Equal(got, want) {
		t.Errorf("BatchSizes(32) = %v, want %v", got, want)
	}
}

// TestBatcherDelay: a leader waits for others, but not longer than the delay, and not
// when the batch is full.
func TestBatcherDelay(t *testing.T) {
	for _, c := range []struct {
		name    string
		callers int
		took    time.Duration // with a run of a second
		sizes   []int
	}{
		{"alone", 1, 1100 * time.Millisecond, []int{1}},
		{"some", 3, 1100 * time.Millisecond, []int{3}},
		{"full", 4, 1003 * time.Millisecond, []int{4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sizes []int
				b := stub(4, 100*time.Millisecond, &sizes)
				start := time.Now()
				var wait sync.WaitGroup
				for i := range c.callers {
					wait.Go(func() {
						time.Sleep(time.Duration(i) * time.Millisecond)
						if _, err := b.embed(context.Background(), []uint8{1, 2}); err != nil {
							t.Error(err)
						}
					})
				}
				wait.Wait()
				if took := time.Since(start); took != c.took || !slices.Equal(sizes, c.sizes) {
					t.Errorf("took %v in runs of %v, want %v in %v", took, sizes, c.took, c.sizes)
				}
			})
		})
	}
}

// TestBatcherLarge: a request larger than a batch runs alone, the rest as it fits.
func TestBatcherLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		b := stub(4, 0, &sizes)
		var wait sync.WaitGroup
		for i, n := range []int{1, 9, 2, 3} {
			wait.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				if rows, err := b.embed(context.Background(), make([]uint8, 2*n)); err != nil || len(rows) != n {
					t.Errorf("embed of %d images = %d rows, %v", n, len(rows), err)
				}
			})
		}
		wait.Wait()
		if want := []int{1, 9, 2, 3}; !slices.Equal(sizes, want) {
			t.Errorf("runs of %v images, want %v", sizes, want)
		}
	})
}

// TestBatcherCancel: who gives up while waiting leaves at once and disturbs nobody.
func TestBatcherCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		b := stub(4, 0, &sizes)
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		start := time.Now()
		var wait sync.WaitGroup
		for i := range 4 {
			wait.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				of := context.Background()
				if i == 1 {
					of = ctx
				}
				_, err := b.embed(of, []uint8{1, 2})
				if i == 1 && (!errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 500*time.Millisecond) {
					t.Errorf("embed = %v after %v, want the deadline of 500ms", err, time.Since(start))
				} else if i != 1 && err != nil {
					t.Errorf("embed = %v", err)
				}
			})
		}
		wait.Wait()
		if want := []int{1, 2}; !slices.Equal(sizes, want) {
			t.Errorf("runs of %v images, want %v", sizes, want)
		}
	})
}

func TestBatcherError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		b := &batcher{bytes: 2, dim: 1, max: 4, run: func([]uint8) ([]float32, error) {
			time.Sleep(time.Second)
			return nil, broken
		}}
		var wait sync.WaitGroup
		for i := range 3 {
			wait.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				if _, err := b.embed(context.Background(), []uint8{1, 2}); !errors.Is(err, broken) {
					t.Errorf("embed = %v, want %v", err, broken)
				}
			})
		}
		wait.Wait()
	})
}

// TestBatcherStorm: under callers that come, go and give up at any moment, each that
// gets an answer gets its own, and one run happens at a time.
func TestBatcherStorm(t *testing.T) {
	var running atomic.Int32
	b := &batcher{bytes: 2, dim: 1, max: 5, delay: time.Microsecond}
	b.run = func(pixels []uint8) ([]float32, error) {
		if running.Add(1) != 1 {
			t.Error("two runs at a time")
		}
		defer running.Add(-1)
		var rows []float32
		for i := 0; i < len(pixels); i += 2 {
			rows = append(rows, 256*float32(pixels[i])+float32(pixels[i+1]))
		}
		return rows, nil
	}
	var wait sync.WaitGroup
	for i := range 2000 {
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%7)*20*time.Microsecond+time.Microsecond)
			defer cancel()
			rows, err := b.embed(ctx, []uint8{uint8(i >> 8), uint8(i)})
			if err == nil && rows[0] != float32(i) {
				t.Errorf("embed(%d) = %g", i, rows[0])
			}
		})
	}
	wait.Wait()
	if b.leader != nil || len(b.queue) > 0 || b.images != 0 {
		t.Errorf("batcher is left led: %t, %d waiting, %d images", b.leader != nil, len(b.queue), b.images)
	}
}

// TestBatcherPanic: a run that panics does so in the call that led it. The others of its batch get
// an error, those behind it are answered, and so are later ones.
func TestBatcherPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		b := &batcher{bytes: 2, dim: 1, max: 2}
		b.run = func(pixels []uint8) ([]float32, error) {
			time.Sleep(time.Second)
			if runs++; runs == 2 {
				panic("the second run")
			}
			return make([]float32, len(pixels)/2), nil
		}
		var wait sync.WaitGroup
		got := make([]any, 6) // an error, or what was panicked with
		for i := range got {
			wait.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				defer func() {
					if said := recover(); said != nil {
						got[i] = said
					}
				}()
				if _, err := b.embed(context.Background(), []uint8{1, 2}); err != nil {
					got[i] = err
				}
			})
		}
		wait.Wait()
		if want := []any{nil, "the second run", errPanicked, nil, nil, nil}; !slices.Equal(got, want) {
			t.Errorf("embed = %v, want %v", got, want)
		}
		if _, err := b.embed(context.Background(), []uint8{1, 2}); err != nil || b.leader != nil {
			t.Errorf("embed after all = %v, led %t", err, b.leader != nil)
		}
	})
}
