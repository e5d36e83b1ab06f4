package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// pause is between turns: threads of the last peer stop spinning.
const pause = 500 * time.Millisecond

// turns says how peers take turns in making steps.
type turns struct {
	work      string   // names the file of results, and the row
	row       string   // of results, where that has another name
	program   string   // of the peers, where that has another name
	arguments []string // of programs in Python
	starts    int      // of each peer, one after another
	blocks    int      // turns of each peer
	steps     int      // timed steps of a turn
	warm      int      // untimed steps before them: another peer has had the caches
}

// stepTimes is what they measure of one peer.
type stepTimes struct {
	FirstStep []float64  `json:"first_step"`             // seconds from process start, per start
	Step      []float64  `json:"step"`                   // mean seconds of a step, per block
	Resident  float64    `json:"resident_mib,omitempty"` // the most that was seen after a turn
	Ratio     *quantiles `json:"ratio"`                  // of its step to tfpair's in the same block
	Start     *float64   `json:"start"`                  // tfpair's median first step over its own
}

// step has all peers make training steps of program 1 in turns, and then of program 2.
func step(ctx context.Context, o options) error {
	r := turns{work: "step", starts: 3, blocks: 7, steps: 20, warm: 3}
	pairs, triplets := r, r
	pairs.program, pairs.arguments = "siamese", []string{"step"}
	triplets.program, triplets.row = "triplet", "program2"
	if err := pairs.hold(ctx, o); err != nil {
		return err
	}
	return triplets.hold(ctx, o)
}

// resNet has all peers make training steps of ResNet50 in turns.
func resNet(ctx context.Context, o options) error {
	return turns{work: "resnet", starts: 3, blocks: 7, steps: 3, warm: 1}.hold(ctx, o)
}

// extract has all peers compute features of EfficientNet-Lite0 in turns.
func extract(ctx context.Context, o options) error {
	return turns{work: "extract", starts: 3, blocks: 7, steps: 3, warm: 1}.hold(ctx, o)
}

// hold measures the row of r, unless it is kept, and says what came of it.
func (r turns) hold(ctx context.Context, o options) error {
	kept, err := openResults(o, r.work)
	if err != nil {
		return err
	}
	peers, err := r.peers(ctx, o)
	if err != nil {
		return err
	}
	id := cmp.Or(r.row, r.work)
	times, err := row(o, kept, id, func() (map[string]*stepTimes, error) {
		return r.times(ctx, peers)
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(o.out, stepNames[id])
	for _, p := range peers {
		if times[p.name] == nil {
			continue // it took no part in the row that is kept
		}
		times[p.name].describe(o, p.name)
	}
	return nil
}

func (t *stepTimes) describe(o options, name string) {
	fmt.Fprintf(o.out, "%-7s step %5.1f ms", name, 1000*spread(t.Step).Median)
	if t.Ratio != nil {
		fmt.Fprintf(o.out, ", tfpair is %.2f times as fast (%.2f to %.2f in %d blocks)",
			t.Ratio.Median, t.Ratio.Low, t.Ratio.High, len(t.Step))
	}
	fmt.Fprintf(o.out, "; first step after %.2f s", spread(t.FirstStep).Median)
	if t.Start != nil {
		fmt.Fprintf(o.out, ", tfpair takes %.2f of that", *t.Start)
	}
	if t.Resident > 0 {
		fmt.Fprintf(o.out, "; resident %.0f MiB", t.Resident)
	}
	fmt.Fprintln(o.out)
}

func (r turns) times(ctx context.Context, peers []peer) (times map[string]*stepTimes, err error) {
	times = map[string]*stepTimes{}
	children := make([]*child, len(peers))
	defer func() {
		for _, c := range children {
			if c != nil {
				err = errors.Join(err, c.end())
			}
		}
	}()
	for range r.starts {
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
	for block := range r.blocks {
		for i := range children { // a block begins with another peer each time
			c := children[(block+i)%len(children)]
			if err := r.turn(c, times[c.name]); err != nil {
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

func (r turns) turn(c *child, t *stepTimes) error {
	time.Sleep(pause)
	seconds, err := c.steps(r.warm + r.steps)
	if err != nil {
		return err
	}
	t.Step = append(t.Step, mean(seconds[r.warm:]))
	size, err := residentMemory(c.cmd.Process.Pid)
	t.Resident = max(t.Resident, size)
	return err
}

// compare fills in how tfpair does beside each other peer.
func compare(times map[string]*stepTimes) {
	ours := times["tfpair"]
	for name, t := range times {
		if ours == nil || name == "tfpair" {
			continue
		}
		ratios := make([]float64, len(t.Step))
		for b, seconds := range t.Step {
			ratios[b] = seconds / ours.Step[b]
		}
		q := spread(ratios)
		first := spread(ours.FirstStep).Median / spread(t.FirstStep).Median
		t.Ratio, t.Start = &q, &first
	}
}
