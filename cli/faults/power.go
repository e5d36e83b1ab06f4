//go:build linux && amd64 && tensorflow

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/tfpair/tfpair/internal/tracer"
)

// outage is a loss of power after some calls of a command.
type outage struct {
	loss  loss
	calls int
}

// power replays the calls of a scenario onto a disk that loses power after each of them.
func (c *campaign) power(j *judge) error {
	calls, folder, err := c.record(j.scenario)
	if err != nil {
		return err
	}
	var outages []outage
	for _, l := range losses {
		for n := range len(calls) + 1 {
			outages = append(outages, outage{l, n})
		}
	}
	outages = shared(c.share, some(c, j.scenario.name+"power", 6, outages))
	var done, wrong atomic.Int64
	var cases []func() error
	for _, o := range outages {
		cases = append(cases, func() error {
			problem, err := c.lose(j, o, calls, folder)
			if err == nil {
				done.Add(1)
			}
			if problem != "" {
				wrong.Add(1)
			}
			return err
		})
	}
	err = c.each(cases)
	c.note(row{scenario: j.scenario.name, part: "power", cases: int(done.Load()), wrong: int(wrong.Load())})
	return err
}

// record returns the calls of a scenario that change the disk, and the folder they were made in,
// which is gone.
func (c *campaign) record(s scenario) (calls []tracer.Call, folder string, err error) {
	folder, err = c.set(s)
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(folder)
	result, stderr, err := c.traced(folder, s, tracer.Command{Data: true, Decide: func(call tracer.Call) tracer.Action {
		if call.Changes() {
			calls = append(calls, call)
		}
		return tracer.Action{}
	}})
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("traced, the command ends with %d:\n%s", result.Code, stderr)
	}
	return calls, folder, err
}

// lose lays out what is there after an outage, and has it judged.
func (c *campaign) lose(j *judge, o outage, calls []tracer.Call, was string) (problem string, err error) {
	folder, err := c.set(j.scenario)
	if err != nil {
		return "", err
	}
	d, err := readDisk(folder)
	if err != nil {
		return "", err
	}
	if out := j.scenario.stdout; out != "" {
		d.top.names[out] = &node{}
	}
	d.root = was // where the calls were made
	last := "no call"
	for _, call := range calls[:o.calls] {
		d.apply(call)
		last = strings.ReplaceAll(call.String(), was, ".")
	}
	if d.torn != "" {
		return "", fmt.Errorf("cannot replay: %s", d.torn)
	}
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	if err := o.loss.write(d.top, folder); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(folder, "tmp"), 0o755); err != nil {
		return "", err
	}
	// After its last call the command says that it is done; what the shell opened it does not sync.
	b := broken{promise: o.calls == len(calls) && j.scenario.stdout == ""}
	if problem, err = j.verdict(folder, b); err != nil || problem == "" {
		return "", errors.Join(err, os.RemoveAll(folder))
	}
	c.blame(fmt.Sprintf("%s: power lost after call %d of %d (%s), %s: %s", j.scenario.name, o.calls, len(calls), last,
		o.loss.name, problem), folder, "")
	if c.keep {
		return problem, nil
	}
	return problem, os.RemoveAll(folder)
}
