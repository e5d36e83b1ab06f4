package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

const (
	warmSteps = 2000 // that memory may grow over: caches fill, checkpoints begin
	mib       = 1 << 20
)

// resident is what command memory measures.
type resident struct {
	Steps   int     `json:"steps"`
	Samples int     `json:"samples"`
	First   float64 `json:"first_mib"` // at the end of the warm-up
	Last    float64 `json:"last_mib"`
	Most    float64 `json:"most_mib"`
	Slope   float64 `json:"slope_mib_per_1000_steps"` // after the warm-up
}

// memory measures a long training, and large batches.
func memory(ctx context.Context, o options) error {
	if err := longMemory(ctx, o); err != nil {
		return err
	}
	return chunkMemory(ctx, o)
}

// longMemory trains program 1 for a long time and watches the resident memory of the process.
func longMemory(ctx context.Context, o options) error {
	r, err := openResults(o, "memory")
	if err != nil {
		return err
	}
	id := fmt.Sprintf("memory/steps=%d", o.steps)
	m, err := row(o, r, id, func() (resident, error) { return residentOf(ctx, o) })
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "resident memory: %+.2f MiB per 1,000 steps after step %d (%.0f to %.0f MiB)\n",
		m.Slope, warmSteps, m.First, m.Last)
	return nil
}

func residentOf(ctx context.Context, o options) (m resident, err error) {
	folder, err := os.MkdirTemp("", "tfpair-memory-")
	if err != nil {
		return m, err
	}
	defer os.RemoveAll(folder)
	c, err := start(ctx, "tfpair", siameseArguments(o, filepath.Join(folder, "run"),
		"train.steps="+strconv.Itoa(o.steps)))
	if err != nil {
		return m, err
	}
	var steps, sizes []float64
	var at struct {
		Step int `json:"step"`
	}
	for c.out.Scan() {
		found, err := decode(c.out.Bytes(), "step", &at)
		if err != nil {
			return m, errors.Join(err, c.end())
		}
		if !found {
			continue
		}
		size, err := residentMemory(c.cmd.Process.Pid)
		if err != nil {
			return m, errors.Join(err, c.end())
		}
		m.Steps, m.Last, m.Most = at.Step, size, max(m.Most, size)
		if at.Step > warmSteps {
			steps, sizes = append(steps, float64(at.Step)/1000), append(sizes, size)
		}
	}
	if err := c.end(); err != nil {
		return m, err
	}
	if len(steps) < 2 {
		return m, fmt.Errorf("%d step events after step %d, at least 2 are needed", len(steps), warmSteps)
	}
	m.Samples, m.First, m.Slope = len(steps), sizes[0], slope(steps, sizes)
	return m, nil
}

// residentMemory returns the resident memory of a process in MiB (Linux).
func residentMemory(pid int) (float64, error) {
	path := fmt.Sprintf("/proc/%d/statm", pid)
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("resident memory: %w", err)
	}
	fields := bytes.Fields(data)
	if len(fields) < 2 {
		return 0, fmt.Errorf("resident memory: %q holds %q", path, data)
	}
	pages, err := strconv.Atoi(string(fields[1])) // the second is resident, in pages: proc(5)
	return float64(pages*os.Getpagesize()) / mib, err
}

// mostResident returns the most resident memory that a process has had, in MiB (Linux).
func mostResident(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:")) // KiB: proc(5)
	var kib float64
	if _, err := fmt.Sscan(string(rest), &kib); err != nil {
		return 0, fmt.Errorf("resident memory of process %d: %w", pid, err)
	}
	return kib / 1024, nil
}
