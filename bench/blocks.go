package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	blocks     = 9                      // turns of each side
	blockTime  = 500 * time.Millisecond // about what a turn takes
	blockPause = 200 * time.Millisecond // between turns: threads of the last side stop spinning
)

// alternated is what sides measure that take turns. Processor time is what tells on a machine that does other
// work, too: it grows by some tenths there, where seconds grow with the load.
type alternated struct {
	Load      []float64            `json:"load"`      // of the machine, before and after
	Seconds   map[string][]float64 `json:"seconds"`   // of a step, by side: the median of each turn
	Processor map[string][]float64 `json:"processor"` // processor time of a step, by side: the mean of each turn
}

// alternate starts all sides and has them make steps in turns.
func alternate(ctx context.Context, sides []peer) (got alternated, err error) {
	got.Seconds, got.Processor = map[string][]float64{}, map[string][]float64{}
	var children []*child
	defer func() {
		for _, c := range children {
			err = errors.Join(err, c.end())
		}
	}()
	steps := map[string]int{} // of a turn
	for _, p := range sides {
		c, err := start(ctx, p.name, p.argv)
		if err != nil {
			return got, err
		}
		children = append(children, c)
		if err := c.await("first_step", &line{}); err != nil {
			return got, err
		}
		tried, err := c.steps(3)
		if err != nil {
			return got, err
		}
		steps[c.name] = max(1, int(blockTime.Seconds()/spread(tried).Median))
	}
	got.Load = append(got.Load, load())
	for block := range blocks {
		for i := range children { // a block begins with another side each time
			c := children[(block+i)%len(children)]
			if err := got.turn(c, steps[c.name]); err != nil {
				return got, err
			}
		}
	}
	got.Load = append(got.Load, load())
	return got, nil
}

// turn has c make some steps.
func (a *alternated) turn(c *child, steps int) error {
	time.Sleep(blockPause)
	if _, err := c.steps(1); err != nil { // another side has had the caches
		return err
	}
	before, err := processorTime(c.cmd.Process.Pid)
	if err != nil {
		return err
	}
	seconds, err := c.steps(steps)
	if err != nil {
		return err
	}
	after, err := processorTime(c.cmd.Process.Pid)
	if err != nil {
		return err
	}
	a.Seconds[c.name] = append(a.Seconds[c.name], spread(seconds).Median)
	a.Processor[c.name] = append(a.Processor[c.name], (after-before)/float64(steps))
	return nil
}

// costs returns how much more processor time one side takes than another, over all turns.
func (a alternated) costs(more, less string) float64 {
	return mean(a.Processor[more]) / mean(a.Processor[less])
}

// over returns how much more one side takes than another, turn by turn.
func over(times map[string][]float64, slower, faster string) quantiles {
	ratios := make([]float64, len(times[faster]))
	for b, seconds := range times[faster] {
		ratios[b] = times[slower][b] / seconds
	}
	return spread(ratios)
}

func (a alternated) sayLoad(o options) {
	fmt.Fprintf(o.out, "load %.1f to %.1f\n", slices.Min(a.Load), slices.Max(a.Load))
}

// load is how many threads wanted a core in the last minute, 0 where the system does not tell.
func load() float64 {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	x, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return x
}

// clockTicks is how many of /proc's ticks a second has: always 100 on Linux's architectures that we build for.
const clockTicks = 100

// processorTime is how long a process has had a core, in seconds.
func processorTime(pid int) (float64, error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold blanks
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("%s: %q", path, text)
	}
	var sum float64
	for _, ticks := range fields[11:13] { // utime and stime, fields 14 and 15 of proc(5)
		n, err := strconv.ParseFloat(ticks, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		sum += n / clockTicks
	}
	return sum, nil
}
