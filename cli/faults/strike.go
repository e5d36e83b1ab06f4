//go:build linux && amd64 && tensorflow

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/tracer"
)

// errnos are the errors that calls of a class fail with.
var errnos = []struct {
	class  tracer.Class
	errors []unix.Errno
}{
	{tracer.Open, []unix.Errno{unix.EMFILE, unix.EIO}},
	{tracer.Write, []unix.Errno{unix.ENOSPC, unix.EIO}},
	{tracer.Sync, []unix.Errno{unix.EIO, unix.ENOSPC}},
	{tracer.Rename, []unix.Errno{unix.EIO, unix.ENOSPC}},
	{tracer.Truncate, []unix.Errno{unix.EIO, unix.ENOSPC}},
	{tracer.Map, []unix.Errno{unix.ENOMEM, unix.EIO}},
	{tracer.Make, []unix.Errno{unix.ENOSPC, unix.EIO}},
	{tracer.Remove, []unix.Errno{unix.EIO}},
	{tracer.Mode, []unix.Errno{unix.EIO}},
}

// strike is one fault.
type strike struct {
	part  string
	class tracer.Class  // of fail and full; "": any that changes the disk
	k     int           // number of the call, from 1
	errno unix.Errno    // of fail
	after time.Duration // of kills at any moment, in place of k
}

func (s strike) String() string {
	switch {
	case s.part == "fail":
		return fmt.Sprintf("%s of call %d of class %s", unix.ErrnoName(s.errno), s.k, s.class)
	case s.part == "full":
		return fmt.Sprintf("ENOSPC from call %d on", s.k)
	case s.after > 0:
		return fmt.Sprintf("kill after %v", s.after)
	}
	return fmt.Sprintf("kill at call %d", s.k)
}

// fills reports whether a call needs room on the disk.
func fills(call tracer.Call) bool {
	switch call.Class {
	case tracer.Write, tracer.Make:
		return true
	case tracer.Open:
		return call.Flags&unix.O_CREAT != 0
	}
	return false
}

// meets reports whether a strike counts a call.
func (s strike) meets(call tracer.Call) bool {
	switch s.part {
	case "fail":
		return call.Class == s.class
	case "full":
		return fills(call)
	}
	return call.Changes()
}

// play runs the parts of the campaign on one scenario.
func (c *campaign) play(s scenario, parts []string) error {
	if s.installs {
		if err := c.tinyWheel(); err != nil {
			return err
		}
	}
	if missing := s.missing(c.at("stage")); missing != "" {
		c.rows = append(c.rows, row{scenario: s.name, part: "all", note: "left out: " + missing})
		return nil
	}
	j, err := newJudge(c, s)
	if err != nil {
		return err
	}
	calls, took, err := c.listen(s)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if part == "power" {
			err = c.power(j)
		} else if part != "damage" {
			err = c.strikes(j, part, calls, took)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return nil
}

// listen runs a scenario traced and undisturbed, and returns its calls.
func (c *campaign) listen(s scenario) (calls []tracer.Call, took time.Duration, err error) {
	folder, err := c.set(s)
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(folder)
	result, stderr, err := c.traced(folder, s, tracer.Command{Decide: func(call tracer.Call) tracer.Action {
		calls = append(calls, call)
		return tracer.Action{}
	}})
	if err == nil && result.Code != 0 {
		err = fmt.Errorf("traced, the command ends with %d:\n%s", result.Code, stderr)
	}
	return calls, result.Took, err
}

// plan lists the strikes of a part. Where threads race, a run may make a few calls more than
// the one that was listened to: those are struck at as well.
func (c *campaign) plan(j *judge, part string, calls []tracer.Call, took time.Duration) []strike {
	const more = 3
	var list []strike
	count := func(s strike) int {
		n := 0
		for _, call := range calls {
			if s.meets(call) {
				n++
			}
		}
		return n
	}
	each := func(s strike) {
		n := count(s)
		if n == 0 {
			return
		}
		for s.k = 1; s.k <= n+more; s.k++ {
			list = append(list, s)
		}
	}
	switch part {
	case "fail":
		for _, e := range errnos {
			for _, errno := range e.errors {
				each(strike{part: part, class: e.class, errno: errno})
			}
		}
	case "full", "kill":
		each(strike{part: part})
	}
	list = some(c, j.scenario.name+part, 6, list)
	if part == "kill" {
		r := c.draw(j.scenario.name + " moments")
		moments := c.kills
		if c.quick {
			moments = 2
		}
		for range moments {
			list = append(list, strike{part: part, after: time.Duration(1 + r.Int64N(int64(took)))})
		}
	}
	return list
}

// strikes plays all strikes of a part, and notes what came of them.
func (c *campaign) strikes(j *judge, part string, calls []tracer.Call, took time.Duration) error {
	var done, missed, wrong atomic.Int64
	var cases []func() error
	for _, s := range shared(c.share, c.plan(j, part, calls, took)) {
		cases = append(cases, func() error {
			met, problem, err := c.hit(j, s)
			switch {
			case err != nil:
				return fmt.Errorf("%v: %w", s, err)
			case !met:
				missed.Add(1)
				return nil
			case problem != "":
				wrong.Add(1)
			}
			done.Add(1)
			return nil
		})
	}
	err := c.each(cases)
	c.note(row{scenario: j.scenario.name, part: part, cases: int(done.Load()), wrong: int(wrong.Load())})
	return err
}

// note adds a row to the report.
func (c *campaign) note(r row) {
	c.rows = append(c.rows, r)
	fmt.Fprintf(os.Stderr, "%-20s %-6s %5d cases %4d wrong  %s\n", r.scenario, r.part, r.cases, r.wrong, r.note)
}

// hit plays one strike. met is false where the command made fewer calls.
func (c *campaign) hit(j *judge, s strike) (met bool, problem string, err error) {
	folder, err := c.set(j.scenario)
	if err != nil {
		return false, "", err
	}
	var at string
	n := 0
	command := tracer.Command{Timeout: s.after, Decide: func(call tracer.Call) tracer.Action {
		if s.after > 0 || !s.meets(call) {
			return tracer.Action{}
		}
		n++
		if n < s.k || n > s.k && s.part != "full" {
			return tracer.Action{}
		}
		if n == s.k {
			at = strings.ReplaceAll(call.String(), folder+"/", "")
		}
		switch s.part {
		case "kill":
			return tracer.Action{Kill: true}
		case "full":
			return tracer.Action{Fail: unix.ENOSPC}
		}
		return tracer.Action{Fail: s.errno}
	}}
	result, stderr, err := c.traced(folder, j.scenario, command)
	if err != nil {
		return false, "", err
	}
	if s.after == 0 && at == "" {
		return false, "", os.RemoveAll(folder)
	}
	cleans := s.part != "kill" && s.class != tracer.Remove
	b := broken{failed: s.part != "kill", code: result.Code, stderr: stderr, swept: cleans,
		promise: result.Code == 0}
	if s.part == "fail" && result.TimedOut {
		problem = fmt.Sprintf("it did not end within %v", limit)
	} else if problem, err = j.verdict(folder, b); err != nil {
		return false, "", err
	}
	if problem != "" {
		c.blame(fmt.Sprintf("%s: %v (%s): %s", j.scenario.name, s, at, problem), folder, stderr)
		if c.keep {
			return true, problem, nil
		}
	}
	return true, problem, os.RemoveAll(folder)
}

// blame writes down what went wrong.
func (c *campaign) blame(text, folder, stderr string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, text)
	fmt.Fprintln(os.Stderr, "WRONG", text)
	if c.keep {
		fmt.Fprintf(os.Stderr, "      %s\n", filepath.Base(folder))
		for line := range strings.Lines(stderr) {
			fmt.Fprint(os.Stderr, "      > ", line)
		}
	}
}
