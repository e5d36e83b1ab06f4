package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/sample"
)

// demoOptions are the options of tfpair demo.
type demoOptions struct {
	folder string // of pictures, run, model and sheet
	steps  int    // of the training
	output outputOptions
}

func newDemoCommand(streams IO) *cli.Command {
	var o demoOptions
	c := &cli.Command{
		Name:  "demo",
		Usage: "try everything on pictures that tfpair draws: train, evaluate, export, compare, search",
		Description: `Draws pictures of ten figures, then runs the commands that you would type for
pictures of your own, and shows each before it runs. Takes about a minute. A demo
that was stopped goes on.

` + examplesHead + "  tfpair demo",
		Action: func(c *cli.Context) error { return runDemo(c.Context, o, streams) },
	}
	o.addFlags(c)
	return c
}

func (o *demoOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "out", Destination: &o.folder, Value: "demo",
			Usage: "`FOLDER` for the pictures, the run, the model, the index and a sheet of examples"},
		&cli.IntFlag{Name: "steps", Destination: &o.steps, Value: 200, Usage: "train for `N` steps"})
	o.output.addFlags(c)
}

func (o demoOptions) validate() error {
	if o.folder == "" {
		return usagef("--out must name a folder")
	}
	if o.steps < 1 {
		return usagef("--steps must be 1 or more, got %d", o.steps)
	}
	if _, err := os.Stat(o.pictures()); errors.Is(err, fs.ErrNotExist) {
		if entries, err := os.ReadDir(o.folder); err == nil && len(entries) > 0 {
			return usagef("--out %s is there and holds no demo", o.folder)
		}
	}
	return nil
}

// pictures is the folder of the pictures.
func (o demoOptions) pictures() string { return filepath.Join(o.folder, "pictures") }

// runDemo gives the commands that a user would give, and shows them.
func runDemo(ctx context.Context, o demoOptions, streams IO) error {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	if _, err := os.Stat(o.pictures()); errors.Is(err, fs.ErrNotExist) {
		out.say("drawing pictures of ten figures into %s", o.pictures())
		if err := sample.Write(o.pictures(), sample.Options{}); err != nil {
			return err
		}
	}
	for _, args := range o.commands() {
		out.say("\n$ tfpair %s", commandLine(args))
		if out.json {
			args = append(args, "--json")
		}
		if out.quiet {
			args = append(args, "--quiet")
		}
		if err := newApp(out.IO).RunContext(ctx, append([]string{"tfpair"}, args...)); err != nil {
			return err
		}
	}
	out.say("\nLook at %s: it shows pairs that the network got wrong and right.", o.examples())
	out.say("Then try pictures of your own. Put those of each class into a folder, and give tfpair train the folder above them.")
	out.say("next: tfpair help train")
	return nil
}

// examples is the sheet of pairs.
func (o demoOptions) examples() string { return filepath.Join(o.folder, "examples.png") }

// index is the file of what is searched.
func (o demoOptions) index() string { return filepath.Join(o.folder, "pictures.index") }

// commands are the command lines of the demo.
func (o demoOptions) commands() [][]string {
	run, model := filepath.Join(o.folder, "run"), filepath.Join(o.folder, "model")
	picture := func(class, name string) string { return filepath.Join(o.pictures(), "test", class, name) }
	return [][]string{
		{"train", "--data", o.pictures(), "--out", run, "--preset", "siamese", "--set", "loss=contrastive",
			"--set", "sampler.balanced.images_per_class=6", "--set", "train.batch_size=60",
			"--set", fmt.Sprintf("train.steps=%d", o.steps), "--set", "train.eval_every=50"},
		{"evaluate", "--model", run, "--data", o.pictures(), "--sheet", o.examples(), "--overwrite"},
		{"export", "--run", run, "--out", model},
		{"compare", "--model", model, "--left", picture("house", "000.png"), "--right", picture("house", "001.png")},
		{"compare", "--model", model, "--left", picture("house", "000.png"), "--right", picture("arrow", "001.png")},
		{"index", "build", "--model", model, "--data", filepath.Join(o.pictures(), "train"), "--out", o.index(), "--overwrite"},
		{"search", "--model", model, "--index", o.index(), "--image", picture("house", "000.png"), "-k", "3"},
	}
}
