// Command tfpair learns which images belong together.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/tfpair/tfpair/cli"
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		cancel(cli.SignalError{Signal: <-signals})
		os.Exit(cli.SignalError{Signal: <-signals}.Code()) // the second one leaves at once
	}()
	os.Exit(cli.Run(ctx, os.Args, cli.IO{Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}))
}
