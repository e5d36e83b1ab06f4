package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Main runs the command line of this process and returns its exit code. The first
// SIGINT or SIGTERM cancels what runs, which then saves and says where; the second
// one leaves at once.
func Main() int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() { // ends with the process
		cancel(SignalError{Signal: <-signals})
		os.Exit(SignalError{Signal: <-signals}.Code())
	}()
	return Run(ctx, os.Args, IO{Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv})
}
