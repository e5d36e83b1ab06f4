package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/venv"
)

// programs are the paths of the Go programs that commands start.
type programs struct {
	tfpair   string // the program; -tfpair names another one
	stepper  string // makes steps on request
	embedder string // embeds as a Go service does
	tfgo     string // a program with nothing but tfgo
}

// build builds the named programs of this checkout into ../bin, so that what is measured
// belongs to the commit that is noted beside it.
func (o *options) build(ctx context.Context, names []string) error {
	sources := map[string]struct {
		to     *string
		module string // the folder of its module
		pkg    string
	}{
		"tfpair":   {&o.tfpair, "..", "./cli/tfpair"},
		"stepper":  {&o.stepper, ".", "./stepper"},
		"embedder": {&o.embedder, ".", "./embedder"},
		"tfgo":     {&o.tfgo, filepath.Join("..", "testdata", "interop", "tfgo"), "."},
	}
	for _, name := range names {
		s := sources[name]
		if *s.to != "" {
			continue
		}
		path, err := filepath.Abs(filepath.Join("..", "bin", name))
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(ctx, "go", "build", "-o", path, s.pkg)
		cmd.Dir = s.module
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s\nBuilding needs what tfpair-env prints; at the root of the repository: "+
				`eval "$(go run ./cli/tfpair-env)"`, name, err, venv.Tail(string(out)))
		}
		*s.to = path
	}
	return nil
}
