package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/tfpair/tfpair/runner/serve/client"
)

const (
	besideTurns  = 8
	besideTurn   = 5 * time.Second // of each side
	besideOthers = 8               // requests of 32 pictures at the same time: batches of 256
	besideOpened = 8               // versions that are made before a turn: the service looks for one once a second
)

// neighbour is what requests for one model take, in milliseconds, turn by turn: alone, beside a loop, and while the other model is
// sent batches of 256, or opened, all the time. A virtual machine whose cores all have work loses them to others for a
// moment, however low the priority of that work, which is no doing of the service: the loop tells that apart.
type neighbour struct {
	Alone  []quantiled `json:"alone"`
	Loop   []quantiled `json:"loop"` // beside a loop on each core that only counts, of the lowest priority, in a process of its own
	Beside []quantiled `json:"beside"`
	P50    quantiles   `json:"p50_ratio"` // beside against alone
	P99    quantiles   `json:"p99_ratio"`
	Looped quantiles   `json:"p99_ratio_of_loop"` // the loop against alone
	Over   quantiles   `json:"p99_over_loop"`     // beside against the loop
	Opened int         `json:"opened,omitempty"`  // versions of the other model, in all turns
}

// quantiled is milliseconds of requests.
type quantiled struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

// besideRows is what the other model does.
var besideRows = []struct {
	id, what string
	opens    bool // new versions of it appear
	flags    []string
}{
	{"beside", "batches of 256 of another model", false, nil},
	{"beside/background", "batches of 256 of a model in the background", false, []string{"--background", "other"}},
	{"beside/opening", "openings of another model", true, nil},
	{"beside/opening/background", "openings of a model in the background", true, []string{"--background", "other"}},
}

func (b serveBench) beside(ctx context.Context) error {
	for _, of := range besideRows {
		n, err := row(b.options, b.results, of.id, func() (neighbour, error) {
			return withFolder(func(folder string) (neighbour, error) { return b.neighbour(ctx, folder, of.opens, of.flags...) })
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(b.options.out, "one picture beside %s: p50 %.2f of alone (%.2f to %.2f), p99 %.2f (%.2f to %.2f); p99 beside a loop %.2f (%.2f to %.2f) "+
			"of alone, %.2f (%.2f to %.2f) of that\n", of.what, n.P50.Median, n.P50.Low, n.P50.High, n.P99.Median, n.P99.Low, n.P99.High,
			n.Looped.Median, n.Looped.Low, n.Looped.High, n.Over.Median, n.Over.Low, n.Over.High)
	}
	return nil
}

// neighbour measures in turns. The other model lies in folder.
func (b serveBench) neighbour(ctx context.Context, folder string, opens bool, flags ...string) (n neighbour, err error) {
	v := &versions{folder: folder, first: filepath.Join(b.program, "1"), last: 1, made: 1}
	if err := os.CopyFS(filepath.Join(v.model(), "1"), os.DirFS(v.first)); err != nil {
		return n, err
	}
	s, err := startService(ctx, b.options.tfpair, "one="+b.program, append([]string{"--model", "other=" + v.model()}, flags...)...)
	if err != nil {
		return n, err
	}
	defer s.kill()
	one, other := s.client(nil), s.client(nil)
	one.Model, other.Model = "one", "other"
	list, err := one.Models(ctx)
	if err != nil {
		return n, err
	}
	size := list[0].Size
	pixels := make([]uint8, size*size*3)
	work := func(ctx context.Context) error { return b.batchesOf256(ctx, s, size) }
	if opens {
		work = func(ctx context.Context) error { return v.keepOpening(ctx, other) }
	}
	var p50, p99, looped, over []float64
	for range besideTurns {
		if opens {
			if err := v.prepare(); err != nil {
				return n, err
			}
		}
		alone, err := singles(ctx, one, size, pixels)
		if err != nil {
			return n, err
		}
		loop, err := while(ctx, b.loop, func() (quantiled, error) { return singles(ctx, one, size, pixels) })
		if err != nil {
			return n, err
		}
		beside, err := while(ctx, work, func() (quantiled, error) { return singles(ctx, one, size, pixels) })
		if err != nil {
			return n, err
		}
		n.Alone, n.Loop, n.Beside = append(n.Alone, alone), append(n.Loop, loop), append(n.Beside, beside)
		p50, p99 = append(p50, beside.P50/alone.P50), append(p99, beside.P99/alone.P99)
		looped, over = append(looped, loop.P99/alone.P99), append(over, beside.P99/loop.P99)
	}
	n.Looped, n.Over = spread(looped), spread(over)
	n.P50, n.P99, n.Opened = spread(p50), spread(p99), v.last-1
	return n, s.stop()
}

// while returns what measure does while work goes on.
func while(ctx context.Context, work func(context.Context) error, measure func() (quantiled, error)) (quantiled, error) {
	working, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- work(working) }()
	q, err := measure()
	cancel()
	return q, errors.Join(err, <-done)
}

// loop keeps all cores busy where nobody else has work, until ctx is done.
func (b serveBench) loop(ctx context.Context) error { return b.idle(ctx, "loop") }

// singles sends one picture at a time for a turn. Clients live on other machines: no garbage is collected here meanwhile. After a
// collection, which came every 150 requests, a thread of Go's waits in a loop for one that sweeps. Alone, they have a core each.
// Beside batches in the background no core is ever idle, so Linux leaves both on one core until its next tick, up to 4 ms.
func singles(ctx context.Context, c *client.Client, size int, pixels []uint8) (q quantiled, err error) {
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var took []float64
	for began := time.Now(); time.Since(began) < besideTurn; {
		sent := time.Now()
		if _, err := c.EmbedPixels(ctx, size, pixels); err != nil {
			return q, err
		}
		took = append(took, 1e3*time.Since(sent).Seconds())
	}
	slices.Sort(took)
	return quantiled{took[len(took)/2], took[len(took)*99/100]}, nil
}

// batchesOf256 sends pictures to the other model until ctx is done. Clients live on other machines: these here run where nobody
// else has work, so that they take nothing from the service.
func (b serveBench) batchesOf256(ctx context.Context, s *served, size int) error {
	return b.idle(ctx, "send", s.address, "other", strconv.Itoa(size), strconv.Itoa(serveBatch), strconv.Itoa(besideOthers))
}

// idle runs embedder at SCHED_IDLE until ctx is done. The lowest priority, 19, may finish a slice of 3 ms first.
func (b serveBench) idle(ctx context.Context, arguments ...string) error {
	c, err := start(context.WithoutCancel(ctx), "embedder "+arguments[0], append([]string{"chrt", "--idle", "0", b.options.embedder}, arguments...))
	if err != nil {
		return err
	}
	<-ctx.Done()
	if err := c.in.Close(); err != nil {
		return err
	}
	return errors.Join(c.await("summary", &line{}), c.end())
}

// versions of a model lie in a folder, and those that come next beside it.
type versions struct {
	folder, first string
	last, made    int
}

func (v *versions) model() string { return filepath.Join(v.folder, "model") }

// next is where a version lies until it appears.
func (v *versions) next(version int) string { return filepath.Join(v.folder, strconv.Itoa(version)) }

// prepare makes the versions of a turn: copying files takes a core, and is no part of opening them.
func (v *versions) prepare() error {
	for ; v.made < v.last+besideOpened; v.made++ {
		if err := os.CopyFS(v.next(v.made+1), os.DirFS(v.first)); err != nil {
			return err
		}
	}
	return nil
}

// keepOpening puts a new version beside the others as soon as the one before answers, until ctx is done.
func (v *versions) keepOpening(ctx context.Context, c *client.Client) error {
	for ctx.Err() == nil && v.last < v.made {
		v.last++
		if err := os.Rename(v.next(v.last), filepath.Join(v.model(), strconv.Itoa(v.last))); err != nil {
			return err
		}
		if err := awaitVersion(context.WithoutCancel(ctx), c, v.last); err != nil {
			return err
		}
	}
	if ctx.Err() == nil {
		return fmt.Errorf("all %d versions of a turn are open before it ends", besideOpened)
	}
	return nil
}
