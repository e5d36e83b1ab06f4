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
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// IO is what a command talks to.
type IO struct {
	Out, Err io.Writer
	Getenv   func(string) string
}

// Run runs the command line args, args[0] being the program's name, and returns
// the exit code. Cancelling ctx with a SignalError as its cause interrupts.
func Run(ctx context.Context, args []string, streams IO) int {
	out := &results{Writer: streams.Out}
	streams.Out = out
	err := newApp(streams).RunContext(ctx, argumentLast(args))
	if out.lost != nil && (err == nil || errors.Is(err, errDifferent)) {
		err = fmt.Errorf("write the results to standard output: %w", out.lost)
	}
	return reported(streams, err)
}

// argumentLast puts what duplicates looks at behind its flags, where the parser wants it.
func argumentLast(args []string) []string {
	if len(args) > 3 && args[1] == "duplicates" && !strings.HasPrefix(args[2], "-") {
		return slices.Concat(args[:2], args[3:], args[2:3])
	}
	return args
}

const about = `tfpair trains a network that tells which of your pictures belong together. It
reports how good the network is, and at which distance two pictures count as
the same. A training that was stopped goes on where it stopped.

Start with "tfpair demo". It takes a minute and needs no pictures of yours.
`

const rootExamples = examplesHead +
	`  tfpair demo
  tfpair check --data demo/pictures
  tfpair duplicates demo/pictures
  tfpair train --data demo/pictures --out run
  tfpair evaluate --model run --data demo/pictures
  tfpair export --run run --out model
  tfpair index build --model model --data demo/pictures --out pictures.index
  tfpair search --model model --index pictures.index --image demo/pictures/test/house/000.png
  tfpair serve --model model --index pictures.index`

func newApp(streams IO) *cli.App {
	var app *cli.App
	app = &cli.App{
		Name:                      "tfpair",
		Usage:                     "learn which pictures belong together",
		Description:               about + "\n" + exitHelp() + "\n\n" + rootExamples,
		HideHelp:                  true, // newHelpFlag and newHelpCommand take its place
		CustomAppHelpTemplate:     helpTemplate,
		HideVersion:               true,
		DisableSliceFlagSeparator: true, // --set backbone.smallconv.filters=[16,32] is one value
		Writer:                    streams.Out,
		ErrWriter:                 streams.Err,
		ExitErrHandler:            func(*cli.Context, error) {}, // Run reports, main exits
		OnUsageError:              onUsageError,
		Flags: []cli.Flag{newHelpFlag(func() page { return rootPage(app) }),
			&cli.BoolFlag{Name: "version", Usage: "print the version"}},
		Action: func(c *cli.Context) error { return runRoot(c, streams) },
		Commands: []*cli.Command{
			newTrainCommand(streams),
			newEvaluateCommand(streams),
			newReportCommand(streams),
			newTuneCommand(streams),
			newExportCommand(streams),
			newCalibrateCommand(streams),
			newAugmentCommand(streams),
			newEmbedCommand(streams),
			newCompareCommand(streams),
			newIndexCommand(streams),
			newSearchCommand(streams),
			newServeCommand(streams),
			newLabelCommand(streams),
			newCheckCommand(streams),
			newDuplicatesCommand(streams),
			newSeenCommand(streams),
			newDemoCommand(streams),
			newModelCommand(streams),
			newDescribeCommand(streams),
			newListCommand(streams),
			newDoctorCommand(streams),
			newRuntimeCommand(streams),
			newWeightsCommand(streams),
			newCompletionCommand(streams),
			newCompleteCommand(streams),
			newManualCommand(),
			newRunModelCommand(),
			newVersionCommand(streams),
			newHelpCommand(streams),
		},
	}
	for _, c := range app.Commands {
		finish(c, page{app.Name + " " + c.Name, c}, streams)
	}
	return app
}

// runRoot is what the program does without a command.
func runRoot(c *cli.Context, streams IO) error {
	switch {
	case c.Args().Present():
		return unknownCommand(c.Args().First(), c.App.Commands)
	case c.Bool("version"):
		return runVersion(output{IO: streams})
	}
	return runHelp(c.App, nil, streams.Out)
}

// finish gives a command what all commands have. Its arguments are refused unless it says
// what they are.
func finish(c *cli.Command, p page, streams IO) {
	c.OnUsageError = onUsageError
	c.HideHelp = true
	strictNumbers(c.Flags)
	onceOnly(c.Flags)
	c.Flags = append(c.Flags, newHelpFlag(func() page { return p }))
	for _, sub := range c.Subcommands {
		finish(sub, page{p.name + " " + sub.Name, sub}, streams)
	}
	c.CustomHelpTemplate = helpTemplate
	action := c.Action
	c.Action = func(ctx *cli.Context) error {
		err := refuseArguments(ctx, p)
		switch {
		case err != nil:
		case action == nil:
			err = runHelp(ctx.App, p.words(), ctx.App.Writer)
		case ctx.IsSet("fix"):
			err = runFix(ctx, streams)
		default:
			err = action(ctx)
		}
		return ofCommand(hinted(err, p.words()), c, append(commandOf(ctx), flagsOf(ctx)...))
	}
}

// ofCommand returns err as one of a command that was given as line, or nil.
func ofCommand(err error, c *cli.Command, line commandLine) error {
	if err == nil {
		return nil
	}
	return &commandError{err, c.Flags, line}
}

// refuseArguments refuses an argument of a command that takes none. The hint is the command with
// a flag before each argument.
func refuseArguments(ctx *cli.Context, p page) error {
	c, argument := p.command, ctx.Args().First()
	switch {
	case argument == "" || c.ArgsUsage != "":
		return nil
	case len(c.Subcommands) > 0:
		return unknownCommand(argument, c.Subcommands)
	}
	line := ""
	if flagged := p.flagged(ctx.Args().Slice(), flagsOf(ctx)); flagged != nil {
		line = append(commandOf(ctx), flagged...).String()
	}
	if data := ctx.String("data"); dataset.IsArchive(data) && dataset.IsArchive(argument) {
		return usagef("%s takes flags only, got %q: to use several archives give the folder that they lie in: --data %s", c.Name, argument, shellWord(filepath.Dir(data)))
	}
	return &usageError{fmt.Errorf("%s takes flags only, got %q", c.Name, argument), line}
}

// flagged returns the arguments of a command behind the flags that they are likely meant for, after
// those that were given: the flags that it needs, or the first that takes a value. It returns nil where
// there are more arguments than flags.
func (p page) flagged(arguments []string, line commandLine) commandLine {
	free, others := p.flags()
	if len(free) == 0 {
		i := slices.IndexFunc(others, cli.DocGenerationFlag.TakesValue)
		if i < 0 {
			return nil
		}
		free = others[i : i+1]
	}
	var loose []string
	for i := 0; i < len(arguments); i++ {
		word := arguments[i]
		if !strings.HasPrefix(word, "-") {
			loose = append(loose, word)
			continue
		}
		line = append(line, word)
		if f := flagNamed(p.command.Flags, strings.TrimLeft(word, "-")); f != nil && f.TakesValue() && i+1 < len(arguments) {
			i++
			line = append(line, arguments[i])
		}
	}
	for _, f := range free {
		if name := dashed(f.Names()[0]); len(loose) > 0 && !slices.Contains(line, name) {
			line, loose = append(line, name, loose[0]), loose[1:]
		}
	}
	if len(loose) > 0 {
		return nil
	}
	return line
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	return hinted(flagError(c.Command.Flags, err), page{name: c.Command.HelpName}.words())
}

// usageError says that a command line, or a spec, cannot be carried out. Nothing was started.
type usageError struct {
	err  error
	help string // the command that shows what there is
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// usage makes err, if there is one, a usageError.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err: err}
}

// hinted returns err, with the help of a command where it is a usageError without any.
func hinted(err error, command []string) error {
	var u *usageError
	if errors.As(err, &u) && u.help == "" {
		u.help = strings.Join(append([]string{"tfpair help"}, command...), " ")
	}
	return err
}

// interrupted returns the signal that ended ctx, if one did.
func interrupted(ctx context.Context) (SignalError, bool) {
	var s SignalError
	return s, errors.As(context.Cause(ctx), &s)
}
