package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	besideTurns  = 8
	besideTurn   = 5 * time.Second // of each side
	besideOthers = 8               // requests of 32 pictures at the same time: batches of 256
)

// neighbour is what requests for one model take, in milliseconds, turn by turn: alone, and while the other model is
// sent batches of 256 all the time.
type neighbour struct {
	Alone  []quantiled `json:"alone"`
	Beside []quantiled `json:"beside"`
	P50    quantiles   `json:"p50_ratio"` // beside against alone
	P99    quantiles   `json:"p99_ratio"`
}

// quantiled is milliseconds of requests.
type quantiled struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
}

func (b serveBench) beside(ctx context.Context) error {
	for _, of := range []struct {
		id, what string
		flags    []string
	}{{"beside", "another model", nil}, {"beside/background", "a model in the background", []string{"--background", "other"}}} {
		n, err := row(b.options, b.results, of.id, func() (neighbour, error) { return b.neighbour(ctx, of.flags...) })
		if err != nil {
			return err
		}
		fmt.Fprintf(b.options.out, "one picture beside batches of 256 of %s: p50 %.2f of alone (%.2f to %.2f), p99 %.2f (%.2f to %.2f)\n",
			of.what, n.P50.Median, n.P50.Low, n.P50.High, n.P99.Median, n.P99.Low, n.P99.High)
	}
	return nil
}

func (b serveBench) neighbour(ctx context.Context, flags ...string) (n neighbour, err error) {
	s, err := startService(ctx, b.options.tfpair, "one="+b.program, append([]string{"--model", "other=" + b.program}, flags...)...)
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
	pixels := make([]uint8, serveBatch*size*size*3)
	single := func() (q quantiled, err error) {
		var took []float64
		for began := time.Now(); time.Since(began) < besideTurn; {
			sent := time.Now()
			if _, err := one.EmbedPixels(ctx, size, pixels[:size*size*3]); err != nil {
				return q, err
			}
			took = append(took, 1e3*time.Since(sent).Seconds())
		}
		slices.Sort(took)
		return quantiled{took[len(took)/2], took[len(took)*99/100]}, nil
	}
	var p50, p99 []float64
	for range besideTurns {
		alone, err := single()
		if err != nil {
			return n, err
		}
		loading, cancel := context.WithCancel(ctx)
		var all sync.WaitGroup
		for range besideOthers {
			all.Go(func() {
				for loading.Err() == nil {
					_, _ = other.EmbedPixels(loading, size, pixels) // a 429 is an answer, too
				}
			})
		}
		beside, err := single()
		cancel()
		all.Wait()
		if err != nil {
			return n, err
		}
		n.Alone, n.Beside = append(n.Alone, alone), append(n.Beside, beside)
		p50, p99 = append(p50, beside.P50/alone.P50), append(p99, beside.P99/alone.P99)
	}
	n.P50, n.P99 = spread(p50), spread(p99)
	return n, s.stop()
}

// steadyState is what a service did at 80 % of what it can do.
type steadyState struct {
	answers
	Seconds  float64 `json:"seconds"`
	PerSec   float64 `json:"requests_per_second"`
	Third    held    `json:"after_a_third"` // of the time
	AtTheEnd held    `json:"at_the_end"`
}

// held is what a service holds.
type held struct {
	MiB         float64 `json:"resident_mib"`
	Goroutines  float64 `json:"goroutines"`
	Descriptors float64 `json:"descriptors"`
}

func (b serveBench) steady(ctx context.Context) error {
	x, err := row(b.options, b.results, "steady", func() (steadyState, error) { return b.steadily(ctx) })
	if err != nil {
		return err
	}
	fmt.Fprintf(b.options.out, "%.0f s at %.0f requests a second: %v, lost %d; after a third %+v, at the end %+v\n",
		x.Seconds, x.PerSec, x.Status, x.Lost, x.Third, x.AtTheEnd)
	return nil
}

// steadily has clients send, as fast as 80 % of what came back in a tenth of the time, for options.load.
func (b serveBench) steadily(ctx context.Context) (x steadyState, err error) {
	s, err := startService(ctx, b.options.tfpair, b.program)
	if err != nil {
		return x, err
	}
	defer s.kill()
	c := s.client(nil)
	x.Seconds = b.options.load.Seconds()
	const probe = 10 * time.Second
	short, cancel := context.WithTimeout(ctx, probe)
	var first, t tally
	closedLoop(short, c, b.small, 4, &first)
	cancel()
	x.PerSec = 0.8 * float64(first.Status["200"]) / probe.Seconds()
	for i, share := range []time.Duration{b.options.load / 3, b.options.load - b.options.load/3} {
		loading, cancel := context.WithTimeout(ctx, share)
		openLoop(loading, c, b.small, x.PerSec, &t)
		cancel()
		now, err := s.holds(ctx)
		if err != nil {
			return x, err
		}
		if x.AtTheEnd = now; i == 0 {
			x.Third = now
		}
	}
	x.answers = t.finish()
	return x, s.stop()
}

func (s *served) holds(ctx context.Context) (held, error) {
	values, err := s.metrics(ctx)
	return held{values["process_resident_memory_bytes"] / (1 << 20), values["go_goroutines"], values["process_open_fds"]}, err
}
