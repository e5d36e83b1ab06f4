package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// TestGroupsOfTraining: what a run was trained on is measured in the groups of its training, unless
// it is said how. Other data of that name is not grouped.
func TestGroupsOfTraining(t *testing.T) {
	runtime, err := libtensorflow.Find(os.Getenv, libtensorflow.Auto)
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	t.Setenv("TFPAIR_RUNTIME", runtime)
	const note = "groups are those of the training"
	t.Chdir(t.TempDir())
	other := shelves(t, true) // of the same name, and one picture more
	for from, to := range map[string]string{shelves(t, true): "shelves", other: "other/shelves"} {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	picture, err := os.ReadFile("shelves/0/00.png")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("other/shelves/0/99.png", append(picture, 0), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, by := range map[string]string{"look": "look", "expression": "^([0-9]+/[0-9])"} { // ten pictures of a class, and five
		t.Run(name, func(t *testing.T) {
			run := filepath.Join(t.TempDir(), "run")
			tell := func(args ...string) string {
				var out, stderr bytes.Buffer
				if code := Run(t.Context(), append([]string{"tfpair"}, args...), IO{Out: &out, Err: &stderr, Getenv: os.Getenv}); code != exitDone {
					t.Fatalf("tfpair %q: exit code %d\n%s", args, code, &stderr)
				}
				return out.String()
			}
			tell(append(append([]string{"train", "--out", run, "--data", "shelves", "--group-by", by}, noiseSettings...),
				"--set", "train.batch_size=12", "--set", "sampler.balanced.images_per_class=3", "--set", "train.steps=2")...)
			evaluate := func(args ...string) string { return tell(append([]string{"evaluate", "--model", run}, args...)...) }
			plain, asked := evaluate("--data", "shelves"), evaluate("--data", "shelves", "--group-by", by)
			var lines []string
			for line := range strings.Lines(plain) {
				if !strings.Contains(line, note) {
					lines = append(lines, line)
				}
			}
			if without := strings.Join(lines, ""); without != asked || without == plain {
				t.Errorf("evaluate prints\n%s\nwant a note on the groups, and else what --group-by %s prints:\n%s", plain, by, asked)
			}
			if text, want := evaluate("--data", "shelves", "--json"), `"group_by":"`+by+`"`; !strings.Contains(text, want) {
				t.Errorf("evaluate --json has no %s:\n%s", want, text)
			}
			for _, args := range [][]string{{"--data", "shelves", "--group-by", "none"}, {"--data", "other/shelves"}} {
				if text := evaluate(args...); strings.Contains(text, "within one split") {
					t.Errorf("evaluate %q is grouped:\n%s", args, text)
				}
			}
		})
	}
}
