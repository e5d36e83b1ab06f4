package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/tfpair/tfpair/internal/venv"
)

// child is a running peer.
type child struct {
	name   string
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	errors *bytes.Buffer
	began  time.Time
}

// start starts argv; its clock runs from here.
func start(ctx context.Context, name string, argv []string) (*child, error) {
	c := &child{name: name, errors: &bytes.Buffer{}}
	c.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	c.cmd.Stderr = c.errors
	c.cmd.WaitDelay = 10 * time.Second
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c.out = bufio.NewScanner(out)
	c.out.Buffer(nil, 16<<20)
	c.began = time.Now()
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return c, nil
}

// await reads until the child prints an object of the given event, decoded into into.
func (c *child) await(event string, into any) error {
	for c.out.Scan() {
		if found, err := decode(c.out.Bytes(), event, into); found || err != nil {
			return err
		}
	}
	if err := c.end(); err != nil {
		return err
	}
	return fmt.Errorf("%s ended without event %q", c.name, event)
}

// end closes the child's input, reads it out and waits for it.
func (c *child) end() error {
	c.in.Close()
	for c.out.Scan() {
	}
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", c.name, err, venv.Tail(c.errors.String()))
	}
	return c.out.Err()
}

// steps has the child make k steps and returns the seconds of each.
func (c *child) steps(k int) ([]float64, error) {
	if _, err := fmt.Fprintf(c.in, "run %d\n", k); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", c.name, err, venv.Tail(c.errors.String()))
	}
	var made struct {
		Seconds []float64 `json:"seconds"`
	}
	if err := c.await("steps", &made); err != nil {
		return nil, err
	}
	if len(made.Seconds) != k {
		return nil, fmt.Errorf("%s made %d steps of %d", c.name, len(made.Seconds), k)
	}
	return made.Seconds, nil
}

// complete runs argv to its end, decodes its event "summary" into summary, and returns the
// seconds from the start of the process to its end.
func complete(ctx context.Context, name string, argv []string, summary any) (float64, error) {
	took, err := completeUsing(ctx, name, argv, summary)
	return took.Seconds, err
}

// usage is what a process took.
type usage struct {
	Seconds   float64 `json:"seconds"`   // from its start to its end
	Processor float64 `json:"processor"` // seconds of all cores together, which say more on a busy machine
	Load      float64 `json:"load"`      // of the machine, at the end
}

// completeUsing is complete, and says what else the process took.
func completeUsing(ctx context.Context, name string, argv []string, summary any) (took usage, err error) {
	c, err := start(ctx, name, argv)
	if err != nil {
		return took, err
	}
	if err := c.await("summary", summary); err != nil {
		return took, err
	}
	if err := c.end(); err != nil {
		return took, err
	}
	state := c.cmd.ProcessState
	return usage{time.Since(c.began).Seconds(), (state.UserTime() + state.SystemTime()).Seconds(), load()}, nil
}
