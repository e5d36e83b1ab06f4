package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/venv"
)

// beforeCommit is the last version of tfpair whose pictures Go's decoder and imaging brought to their size. With weights as
// variables it is the program that embed compares with: today's program cannot be turned back into it, since it resizes,
// reads files and feeds the network in other ways, too.
const beforeCommit = "777553bf12f03473387be9fb94289916800c8723"

// buildBefore builds tfpair of beforeCommit into a folder, and returns o with that program. It needs the history of the
// repository.
func (o options) buildBefore(ctx context.Context, folder string) (options, error) {
	source, archive := filepath.Join(folder, "source"), filepath.Join(folder, "source.tar")
	if err := os.MkdirAll(source, 0o755); err != nil {
		return o, err
	}
	o.tfpair = filepath.Join(folder, "tfpair")
	for _, step := range []struct {
		in   string
		argv []string
	}{
		{"..", []string{"git", "archive", "--output", archive, beforeCommit}},
		{source, []string{"tar", "-xf", archive}},
		{source, []string{"go", "build", "-buildvcs=false", "-o", o.tfpair, "./cli/tfpair"}},
	} {
		cmd := exec.CommandContext(ctx, step.argv[0], step.argv[1:]...)
		cmd.Dir = step.in
		if out, err := cmd.CombinedOutput(); err != nil {
			return o, fmt.Errorf("build tfpair of commit %.12s: %s: %w\n%s\nThat commit must be in the repository; a shallow clone gets it by: "+
				"git fetch --unshallow", beforeCommit, step.argv[0], err, venv.Tail(string(out)))
		}
	}
	return o, errors.Join(os.RemoveAll(source), os.Remove(archive))
}

// before says what embed was compared with.
func (e embedding) before() string {
	if e.Commit == "" {
		return "Go's decoder, weights as variables"
	}
	return fmt.Sprintf("tfpair %.12s: Go's decoder, imaging, weights as variables", e.Commit)
}
