package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// TestControlCharacters: names of classes and files that hold escape sequences, bells and line
// feeds reach neither output as they are, whatever the command says of them.
func TestControlCharacters(t *testing.T) {
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto)
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	t.Setenv("TFPAIR_RUNTIME", runtime)
	names := []string{"\x1b[31mred", "\abell", "two\nlines"}
	run := trainedtest.Run(t, func(_ *checkpoint.Checkpoint, s *trained.State) { s.Classes = names })
	t.Chdir(t.TempDir())
	drawEvil(t, "data", names)
	image := filepath.Join("data", names[0], "000.png")
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"describe", "--model", run}, exitDone},
		{[]string{"evaluate", "--model", run, "--data", "data", "--split", "train"}, exitDone},
		{[]string{"index", "build", "--model", run, "--data", "data", "--out", "index"}, exitDone},
		{[]string{"search", "--model", run, "--index", "index", "--image", image}, exitDone},
		{[]string{"compare", "--model", run, "--left", image, "--right", image}, exitDone},
		{[]string{"train", "--data", "data", "--out", "\x1b[2Jrun", "--set", "train.steps=0", "--set", "input.size=16",
			"--set", "train.batch_size=8", "--set", "sampler.balanced.images_per_class=4"}, exitDone},
		{[]string{"describe", "--spec", "\x1b[2J.yaml"}, exitUsage},
		{[]string{"evaluate", "--model", run, "--data", "\a"}, exitInput},
		{[]string{"search", "--model", run, "--index", "index", "--image", names[2]}, exitInput},
		{[]string{"\x1b[2J"}, exitUsage},
	} {
		var out, said strings.Builder
		code := Run(t.Context(), append([]string{"tfpair"}, c.args...), IO{Out: &out, Err: &said, Getenv: os.Getenv})
		text := out.String() + said.String()
		if code != c.code {
			t.Errorf("tfpair %q = %d, want %d:\n%s", c.args, code, c.code, text)
		}
		if at := strings.IndexFunc(strings.ReplaceAll(text, "\n", " "), unicode.IsControl); at >= 0 {
			t.Errorf("tfpair %q says a control character: %q", c.args, text[max(0, at-40):min(len(text), at+40)])
		}
		if strings.Contains(text, "two\nlines") {
			t.Errorf("tfpair %q breaks a line within a name", c.args)
		}
	}
}

// drawEvil draws pictures into folders of classes with these names.
func drawEvil(t *testing.T, folder string, names []string) {
	t.Helper()
	if err := sample.Write("drawn", sample.Options{Train: 12, Test: 1}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	classes, err := filepath.Glob("drawn/train/*")
	if err != nil || len(classes) < len(names) {
		t.Fatalf("classes %v, %v", classes, err)
	}
	for i, name := range names {
		if err := os.Rename(classes[i], filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
}
