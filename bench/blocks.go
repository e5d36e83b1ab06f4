package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
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

// processorTime is how long the threads of a process have had a core, in seconds.
func processorTime(pid int) (float64, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(threads) == 0 {
		return 0, errors.Join(err, fmt.Errorf("this system does not tell what process %d has taken", pid))
	}
	var sum float64
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended
		}
		if err != nil {
			return 0, err
		}
		first, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", path, err)
		}
		sum += time.Duration(n).Seconds()
	}
	return sum, nil
}

// onCores lets this process, and those that it starts from now on, run on some cores only: the first of those it may.
func onCores(n int) error {
	var all, some unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	for core := 0; some.Count() < n && core < 64*len(all); core++ {
		if all.IsSet(core) {
			some.Set(core)
		}
	}
	for _, thread := range threadsOfSelf() {
		if err := unix.SchedSetaffinity(thread, &some); err != nil {
			return err
		}
	}
	return nil
}

// threadsOfSelf are the threads of this process: each has an affinity of its own, and a process that it starts has it.
func threadsOfSelf() (list []int) {
	entries, _ := os.ReadDir("/proc/self/task")
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, id)
		}
	}
	return list
}
