//go:build linux && amd64 && tensorflow

// Command faults breaks what the commands of tfpair do, on purpose, and looks at what is left:
//
//	stage: pictures, a run, a model, … → a scenario's files, copied → its command, with a fault → judge
//
// A fault is a system call that fails, a disk that is full from one call on, a kill before a
// call or at any moment, or a loss of power: of all that was not synced. Files with checksums
// are also flipped and cut. The judge wants the old state or the new one, and that the same
// command works afterwards and leaves nothing else. docs/faults.md records what it found.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/tracer"
)

// options are the flags.
type options struct {
	quick   bool
	only    string
	parts   string
	share   share
	seed    uint64
	jobs    int
	kills   int
	damages int
	binary  string
	work    string
	keep    bool
	check   bool
}

func main() {
	tracer.Main()
	var o options
	flag.BoolVar(&o.quick, "quick", false, "a few faults of each kind, drawn by the seed, instead of all")
	flag.StringVar(&o.only, "only", "", "comma-separated scenarios (default: all)")
	flag.StringVar(&o.parts, "parts", strings.Join(partNames, ","), "comma-separated parts of the campaign")
	flag.Var(&o.share, "share", "`I/N`: of every list of faults the I-th of N shares, to run the campaign in steps (default: all)")
	flag.Uint64Var(&o.seed, "seed", 0, "seed of what is drawn")
	flag.IntVar(&o.jobs, "jobs", 2, "commands at once")
	flag.IntVar(&o.kills, "kills", 40, "kills of each scenario at random moments")
	flag.IntVar(&o.damages, "damages", 400, "flips, and as many cuts, of each kind of file")
	flag.StringVar(&o.binary, "tfpair", "", "program to test (default: built from this folder)")
	flag.StringVar(&o.work, "work", "", "folder to work in (default: a temporary one); /dev/shm is fastest")
	flag.BoolVar(&o.keep, "keep", false, "keep the folders of what went wrong")
	flag.BoolVar(&o.check, "check", false, "only say whether commands can be traced here: exit code 0, or 1 with the reason")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	campaign := wage
	if o.check {
		campaign = func(context.Context, options) error {
			end, err := tracer.Run(tracer.Command{Path: "/bin/true", Below: os.TempDir(), Decide: func(tracer.Call) tracer.Action { return tracer.Action{} }})
			if err == nil && end.Code != 0 {
				err = fmt.Errorf("a traced command ended with %d", end.Code)
			}
			return err
		}
	}
	if err := campaign(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "faults: %v\n", err)
		os.Exit(1)
	}
}

// partNames are the parts of the campaign, in the order in which they run.
var partNames = []string{"fail", "full", "kill", "power", "damage"}

func wage(ctx context.Context, o options) error {
	parts := strings.Split(o.parts, ",")
	for _, part := range parts {
		if !slices.Contains(partNames, part) {
			return fmt.Errorf("unknown part %q (known: %s)", part, strings.Join(partNames, ", "))
		}
	}
	c, err := newCampaign(ctx, o)
	if err != nil {
		return err
	}
	defer c.clean()
	if err := c.stage(); err != nil {
		return err
	}
	for _, s := range scenarios {
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), s.name) {
			continue
		}
		if err := c.play(s, parts); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if slices.Contains(parts, "damage") {
		if err := c.damage(); err != nil {
			return err
		}
	}
	return c.report(os.Stdout)
}

// newCampaign finds or builds the program and makes the folder to work in.
func newCampaign(ctx context.Context, o options) (*campaign, error) {
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.CPU)
	if err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp(o.work, "tfpair-faults-")
	if err != nil {
		return nil, err
	}
	if work, err = filepath.EvalSymlinks(work); err != nil {
		return nil, err
	}
	c := &campaign{options: o, ctx: ctx, work: work, runtime: runtime}
	if c.binary != "" {
		c.binary, err = filepath.Abs(c.binary)
	} else {
		c.binary = filepath.Join(work, "tfpair")
		err = c.command("go", "build", "-o", c.binary, "./cli/tfpair")
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(work))
	}
	return c, nil
}
