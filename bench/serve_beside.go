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

// neighbour is what requests for one model take, in milliseconds, turn by turn: alone, and while the other model is
// sent batches of 256, or opened, all the time.
type neighbour struct {
	Alone  []quantiled `json:"alone"`
	Beside []quantiled `json:"beside"`
	P50    quantiles   `json:"p50_ratio"` // beside against alone
	P99    quantiles   `json:"p99_ratio"`
	Opened int         `json:"opened,omitempty"` // versions of the other model, in all turns
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
		fmt.Fprintf(b.options.out, "one picture beside %s: p50 %.2f of alone (%.2f to %.2f), p99 %.2f (%.2f to %.2f)\n",
			of.what, n.P50.Median, n.P50.Low, n.P50.High, n.P99.Median, n.P99.Low, n.P99.High)
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
	var p50, p99 []float64
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
		loading, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- work(loading) }()
		beside, err := singles(ctx, one, size, pixels)
		cancel()
		if err := errors.Join(err, <-done); err != nil {
			return n, err
		}
		n.Alone, n.Beside = append(n.Alone, alone), append(n.Beside, beside)
		p50, p99 = append(p50, beside.P50/alone.P50), append(p99, beside.P99/alone.P99)
	}
	n.P50, n.P99, n.Opened = spread(p50), spread(p99), v.last-1
	return n, s.stop()
}

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
// else has work, so that they take nothing from the service. The lowest priority, 19, may finish a slice of 3 ms first.
func (b serveBench) batchesOf256(ctx context.Context, s *served, size int) error {
	c, err := start(context.WithoutCancel(ctx), "embedder send", []string{"chrt", "--idle", "0", b.options.embedder, "send", s.address, "other",
		strconv.Itoa(size), strconv.Itoa(serveBatch), strconv.Itoa(besideOthers)})
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
