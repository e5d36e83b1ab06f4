package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/tfpair/tfpair/internal/crash"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/decode/heif"
)

// Main runs the command line of this process and returns its exit code. The first
// SIGINT or SIGTERM cancels what runs, which then saves and says where; the second
// one leaves at once. A crash, also one of the TensorFlow runtime, ends the process with its own code.
func Main() int {
	crash.Watch(crashed)
	session.HushJPEG() // the error about a picture names it, and says what is wrong
	if err := decode.Add(heif.HEIC(), heif.AVIF()); err != nil {
		panic(err) // a mistake in this line
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() { // ends with the process
		cancel(SignalError{Signal: <-signals})
		code := SignalError{Signal: <-signals}.Code()
		crash.Done()
		os.Exit(code)
	}()
	code := Run(ctx, os.Args, IO{Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
	crash.Done()
	return code
}

// crashed is the last thing that is said of a crash.
const crashed = `tfpair: crashed: what was printed before does not count
tfpair: hint: too low a limit of memory (ulimit -v, a container) or a model of somebody else can do this: raise it, or ask its maker; else report it, with the lines above
`
