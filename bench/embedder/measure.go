package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
)

const (
	turn     = 2 * time.Second // of each side
	turns    = 7
	callers  = 64 // goroutines with one image each
	singles  = 2000
	sampleAt = 100 // loads between two looks at the memory
)

// summary marks a result as the last line of the output.
type summary struct {
	Event event `json:"event"`
}

// event is always "summary".
type event struct{}

func (event) MarshalText() ([]byte, error) { return []byte("summary"), nil }

// speeds are images per second, per turn.
type speeds struct {
	summary
	Batch  int       `json:"batch"` // size at which the bare session is fastest
	Bare   []float64 `json:"bare"`
	Shared []float64 `json:"shared"` // through Embed by many goroutines
}

func (b *bench) throughput(ctx context.Context) (speeds, error) {
	var s speeds
	best := 0.0
	for batch := 1; batch <= 128; batch *= 2 {
		pixels := b.noise(batch)
		if err := b.bare.run(pixels); err != nil { // compiled for this size
			return s, err
		}
		speed, err := perSecond(batch, func() error { return b.bare.run(pixels) })
		if err != nil {
			return s, err
		}
		if speed > best {
			best, s.Batch = speed, batch
		}
	}
	pixels := b.noise(s.Batch)
	for range turns {
		bare, err := perSecond(s.Batch, func() error { return b.bare.run(pixels) })
		if err != nil {
			return s, err
		}
		shared, err := b.shared(ctx)
		if err != nil {
			return s, err
		}
		s.Bare, s.Shared = append(s.Bare, bare), append(s.Shared, shared)
	}
	return s, nil
}

// shared has many goroutines embed one image at a time for a turn.
func (b *bench) shared(ctx context.Context) (float64, error) {
	pixels := b.noise(1)
	var done atomic.Int64
	var mu sync.Mutex
	var errs []error
	var wait sync.WaitGroup
	start := time.Now()
	for range callers {
		wait.Go(func() {
			for time.Since(start) < turn {
				if _, err := b.model.EmbedPixels(ctx, pixels); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
					return
				}
				done.Add(1)
			}
		})
	}
	wait.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

// times are seconds of one image, at the middle and at the slow end.
type times struct {
	summary
	Parts50 float64 `json:"parts_p50"` // flatten, resize, run
	Parts99 float64 `json:"parts_p99"`
	Embed50 float64 `json:"embed_p50"`
	Embed99 float64 `json:"embed_p99"`
}

func (b *bench) latency(ctx context.Context) (times, error) {
	img := photo()
	pixels := make([]uint8, b.resizer.Bytes())
	parts := func() error {
		flat, err := decode.Flatten(img)
		if err != nil {
			return err
		}
		b.resizer.Into(pixels, flat)
		return b.bare.run(pixels)
	}
	whole := func() error {
		_, err := b.model.Embed(ctx, img)
		return err
	}
	var all [2][]float64
	for i := range 2 * singles {
		f := parts
		if i%2 == 1 {
			f = whole
		}
		start := time.Now()
		if err := f(); err != nil {
			return times{}, err
		}
		all[i%2] = append(all[i%2], time.Since(start).Seconds())
	}
	for i := range all {
		slices.Sort(all[i])
	}
	at := func(i, percent int) float64 { return all[i][len(all[i])*percent/100] }
	return times{Parts50: at(0, 50), Parts99: at(0, 99), Embed50: at(1, 50), Embed99: at(1, 99)}, nil
}

// loading is what many loads and closes leave.
type loading struct {
	summary
	Resident   []float64 `json:"resident_mib"` // after every 100
	Goroutines int       `json:"goroutines"`   // after the last, above those at the start
}

func loads(ctx context.Context, folder string, n int) (loading, error) {
	var l loading
	before := runtime.NumGoroutine()
	for i := range n {
		if err := loadAndClose(ctx, folder); err != nil {
			return l, err
		}
		if (i+1)%sampleAt == 0 {
			mib, err := resident()
			if err != nil {
				return l, err
			}
			l.Resident = append(l.Resident, mib)
		}
	}
	l.Goroutines = runtime.NumGoroutine() - before
	return l, nil
}

// loadAndClose closes a model while goroutines embed with it.
func loadAndClose(ctx context.Context, folder string) error {
	m, err := models.Load(folder)
	if err != nil {
		return err
	}
	img := photo()
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wait.Go(func() {
			for errs[i] == nil {
				_, errs[i] = m.Embed(ctx, img)
			}
		})
	}
	time.Sleep(10 * time.Millisecond)
	closing := m.Close()
	wait.Wait()
	for i, err := range errs {
		if errors.Is(err, models.ErrClosed) {
			errs[i] = nil
		}
	}
	return errors.Join(append(errs, closing)...)
}

// resident returns the resident memory of this process in MiB.
func resident() (float64, error) {
	runtime.GC()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm: %q", text)
	}
	pages, err := strconv.Atoi(string(fields[1]))
	return float64(pages*os.Getpagesize()) / (1 << 20), err
}
