// Package cli is the command line: flags and files in, packages of the library
// called, results and errors out.
//
//	arguments → command → options → library → stdout: results, stderr: conversation, exit code
//
// One file per command. Nothing here is of use to another package.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// IO is what a command talks to.
type IO struct {
	Out, Err io.Writer
	Getenv   func(string) string
}

// Run runs the command line args, args[0] being the program's name, and returns
// the exit code. Cancelling ctx with a SignalError as its cause interrupts.
func Run(ctx context.Context, args []string, streams IO) int {
	err := newApp(streams).RunContext(ctx, args)
	return report(streams, err)
}

const about = `tfpair trains siamese networks on your pictures, says how good they are and at
which threshold, and goes on where it stopped.

  tfpair demo                                         try it on pictures it draws itself
  tfpair train --data pictures/ --out run             train on class folders, an archive or a list
  tfpair evaluate --model run --data pictures/        how good, with intervals
  tfpair export --run run --out model                 a SavedModel for Go services and TensorFlow's tools
  tfpair compare --model model --left a.jpg --right b.jpg
  tfpair index build --model model --data photos/ --out photos.index
  tfpair search --model model --index photos.index --image a.jpg`

func newApp(streams IO) *cli.App {
	app := &cli.App{
		Name:                      "tfpair",
		Usage:                     "learn which images belong together",
		Description:               about + "\n\n" + exitHelp(),
		UsageText:                 "tfpair COMMAND [flags]",
		HideHelpCommand:           true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true, // --set backbone.smallconv.filters=[16,32] is one value
		Writer:                    streams.Out,
		ErrWriter:                 streams.Err,
		ExitErrHandler:            func(*cli.Context, error) {}, // Run reports, main exits
		OnUsageError:              onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("unknown command %q (known: %s)", c.Args().First(), known(c.App.Commands))
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			newTrainCommand(streams),
			newEvaluateCommand(streams),
			newTuneCommand(streams),
			newExportCommand(streams),
			newAugmentCommand(streams),
			newEmbedCommand(streams),
			newCompareCommand(streams),
			newIndexCommand(streams),
			newSearchCommand(streams),
			newDemoCommand(streams),
			newDescribeCommand(streams),
			newListCommand(streams),
			newDoctorCommand(streams),
			newRuntimeCommand(streams),
			newWeightsCommand(streams),
			newVersionCommand(streams),
		},
	}
	for _, c := range app.Commands {
		finish(c)
	}
	return app
}

// finish gives a command what all commands have.
func finish(c *cli.Command) {
	c.OnUsageError = onUsageError
	c.HideHelpCommand = true
	for _, sub := range c.Subcommands {
		finish(sub)
	}
	action := c.Action
	c.Action = func(ctx *cli.Context) error {
		if ctx.Args().Present() {
			if len(c.Subcommands) > 0 {
				return usagef("unknown command %q (known: %s)", ctx.Args().First(), known(c.Subcommands))
			}
			return usagef("%s takes no argument without a flag, got %q", c.Name, ctx.Args().First())
		}
		if action == nil {
			return cli.ShowSubcommandHelp(ctx)
		}
		return action(ctx)
	}
}

func known(commands []*cli.Command) string {
	var names []string
	for _, c := range commands {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

func onUsageError(_ *cli.Context, err error, _ bool) error { return &usageError{err} }

// usageError says that a command line, or a spec, cannot be carried out. Nothing was started.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// usage makes err, if there is one, a usageError.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

// interrupted returns the signal that ended ctx, if one did.
func interrupted(ctx context.Context) (SignalError, bool) {
	var s SignalError
	return s, errors.As(context.Cause(ctx), &s)
}
