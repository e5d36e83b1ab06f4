package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	starts     = 3                      // of each peer, one after another
	blocks     = 7                      // turns of each peer
	blockSteps = 20                     // timed steps of a turn
	turnSteps  = 3                      // untimed steps before them: another peer has had the caches
	pause      = 500 * time.Millisecond // between turns: threads of the last peer stop spinning
)

// stepTimes is what command step measures of one peer.
type stepTimes struct {
	FirstStep []float64  `json:"first_step"` // seconds from process start, per start
	Step      []float64  `json:"step"`       // mean seconds of a step, per block
	Ratio     *quantiles `json:"ratio"`      // of its step to tfpair's in the same block
	Start     *float64   `json:"start"`      // tfpair's median first step over its own
}

// step has all peers make training steps in turns.
func step(ctx context.Context, o options) error {
	r, err := openResults(o, "step")
	if err != nil {
		return err
	}
	peers, err := steppers(ctx, o)
	if err != nil {
		return err
	}
	times, err := row(o, r, "step", func() (map[string]*stepTimes, error) {
		return stepsOf(ctx, peers)
	})
	if err != nil {
		return err
	}
	for _, p := range peers {
		t := times[p.name]
		fmt.Fprintf(o.out, "%-7s step %5.1f ms", p.name, 1000*spread(t.Step).Median)
		if t.Ratio != nil {
			fmt.Fprintf(o.out, ", tfpair is %.2f times as fast (%.2f to %.2f in %d blocks)",
				t.Ratio.Median, t.Ratio.Low, t.Ratio.High, blocks)
		}
		fmt.Fprintf(o.out, "; first step after %.2f s", spread(t.FirstStep).Median)
		if t.Start != nil {
			fmt.Fprintf(o.out, ", tfpair takes %.2f of that", *t.Start)
		}
		fmt.Fprintln(o.out)
	}
	return nil
}

func stepsOf(ctx context.Context, peers []peer) (times map[string]*stepTimes, err error) {
	times = map[string]*stepTimes{}
	children := make([]*child, len(peers))
	defer func() {
		for _, c := range children {
			if c != nil {
				err = errors.Join(err, c.end())
			}
		}
	}()
	for range starts {
		for i, p := range peers {
			if children[i] != nil {
				ended := children[i]
				children[i] = nil
				if err := ended.end(); err != nil {
					return nil, err
				}
			}
			if children[i], err = startStepper(ctx, p, times); err != nil {
				return nil, err
			}
		}
	}
	for block := range blocks {
		for i := range children { // a block begins with another peer each time
			c := children[(block+i)%len(children)]
			if err := turn(c, times[c.name]); err != nil {
				return nil, err
			}
		}
	}
	compare(times)
	return times, nil
}

func startStepper(ctx context.Context, p peer, times map[string]*stepTimes) (*child, error) {
	time.Sleep(pause)
	c, err := start(ctx, p.name, p.argv)
	if err != nil {
		return nil, err
	}
	if err := c.await("first_step", &line{}); err != nil {
		return nil, err
	}
	if times[p.name] == nil {
		times[p.name] = &stepTimes{}
	}
	times[p.name].FirstStep = append(times[p.name].FirstStep, time.Since(c.began).Seconds())
	return c, nil
}

func turn(c *child, t *stepTimes) error {
	time.Sleep(pause)
	seconds, err := c.steps(turnSteps + blockSteps)
	if err != nil {
		return err
	}
	t.Step = append(t.Step, mean(seconds[turnSteps:]))
	return nil
}

// compare fills in how tfpair does beside each other peer.
func compare(times map[string]*stepTimes) {
	ours := times["tfpair"]
	for name, t := range times {
		if ours == nil || name == "tfpair" {
			continue
		}
		ratios := make([]float64, blocks)
		for b := range blocks {
			ratios[b] = t.Step[b] / ours.Step[b]
		}
		q := spread(ratios)
		first := spread(ours.FirstStep).Median / spread(t.FirstStep).Median
		t.Ratio, t.Start = &q, &first
	}
}
