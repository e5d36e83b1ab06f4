package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/sample"
)

func newDemoCommand(streams IO) *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "draw labelled pictures, train on them, evaluate, export, compare: the whole tour in a minute",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "out", Value: "demo", Usage: "`FOLDER` for pictures, run, model and a sheet of examples; a demo that is there goes on"},
			&cli.IntFlag{Name: "steps", Value: 200, Usage: "updates of the training"},
		}, outputFlags()...),
		Action: func(c *cli.Context) error { return runDemo(c, newOutput(c, streams)) },
	}
}

// runDemo gives the commands that a user would give, and shows them.
func runDemo(c *cli.Context, out output) error {
	folder := c.String("out")
	pictures, run := filepath.Join(folder, "pictures"), filepath.Join(folder, "run")
	model, examples := filepath.Join(folder, "model"), filepath.Join(folder, "examples.png")
	picture := func(class, name string) string { return filepath.Join(pictures, "test", class, name) }
	if _, err := os.Stat(pictures); errors.Is(err, fs.ErrNotExist) {
		if entries, err := os.ReadDir(folder); err == nil && len(entries) > 0 {
			return usagef("--out %s is there and holds no demo", folder)
		}
		out.say("drawing pictures of ten figures into %s", pictures)
		if err := sample.Write(pictures, sample.Options{}); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"train", "--data", pictures, "--out", run, "--set", "loss=contrastive",
			"--set", "sampler.balanced.images_per_class=6", "--set", "train.batch_size=60",
			"--set", fmt.Sprintf("train.steps=%d", c.Int("steps")), "--set", "train.eval_every=50"},
		{"evaluate", "--model", run, "--data", pictures, "--sheet", examples, "--overwrite"},
		{"export", "--run", run, "--out", model},
		{"compare", "--model", model, "--left", picture("house", "000.png"), "--right", picture("house", "001.png")},
		{"compare", "--model", model, "--left", picture("house", "000.png"), "--right", picture("arrow", "001.png")},
	} {
		out.say("\n$ tfpair %s", strings.Join(args, " "))
		if out.json {
			args = append(args, "--json")
		}
		if out.quiet {
			args = append(args, "--quiet")
		}
		if err := newApp(out.IO).RunContext(c.Context, append([]string{"tfpair"}, args...)); err != nil {
			return err
		}
	}
	out.say("\nlook at %s, pairs that it got wrong and right; now try your own pictures:", examples)
	out.say("$ tfpair train --data YOUR-FOLDER-PER-CLASS --out run")
	return nil
}
