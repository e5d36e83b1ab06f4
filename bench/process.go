package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/internal/venv"
)

// process is what a program took from its start to its end.
type process struct {
	Seconds   float64 `json:"seconds"`           // by the clock
	Processor float64 `json:"processor_seconds"` // of all threads
	Peak      float64 `json:"peak_mib"`          // most resident memory; at least that of bench when it started the program
	Code      int     `json:"exit_code"`
}

// ask runs tfpair to its end and decodes its event "summary" into summary. An exit code other than 0 and that of
// findings is an error.
func (o options) ask(ctx context.Context, summary any, arguments ...string) (p process, err error) {
	cmd := exec.CommandContext(ctx, o.tfpair, append(arguments, "--json")...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.WaitDelay = 10 * time.Second
	began := time.Now()
	err = cmd.Run()
	p.Seconds = time.Since(began).Seconds()
	if p.Code = cmd.ProcessState.ExitCode(); err != nil && p.Code != exitFindings {
		return p, fmt.Errorf("tfpair %s: %w\n%s", arguments[0], errors.Join(err, ctx.Err()), venv.Tail(said.String()))
	}
	p.Processor = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.Peak = float64(usage.Maxrss) / 1024 // KiB on Linux: getrusage(2)
	}
	for line := range bytes.Lines(out.Bytes()) {
		if found, err := decode(line, "summary", summary); found || err != nil {
			return p, err
		}
	}
	return p, fmt.Errorf("tfpair %s ended without event \"summary\"\n%s", arguments[0], venv.Tail(said.String()))
}

// exitFindings is the exit code of tfpair check where there is what --fail-on names.
const exitFindings = 6
