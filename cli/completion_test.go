package cli

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func TestComplete(t *testing.T) {
	app := newApp(silent)
	for _, c := range []struct {
		line string // the last word is typed
		want []string
	}{
		{"tr", []string{"train"}},
		{"ev", []string{"evaluate"}},
		{"com", []string{"compare", "completion"}}, // and not the hidden "complete"
		{"index ", []string{"build", "add", "update", "remove", "compact", "verify", "migrate", "push", "threshold"}},
		{"index build --over", []string{"--overwrite"}},
		{"train --dat", []string{"--data"}},
		{"train --device ", []string{"auto", "cpu", "gpu"}},
		{"train --preset a", []string{"auto"}},
		{"train --effort ", []string{"quick", "good", "best"}},
		{"train --device=c", []string{"--device=cpu"}},
		{"train --data tr", nil}, // files
		{"train --set loss=tr", []string{"loss=triplet"}},
		{"train --set train.st", []string{"train.steps="}},
		{"train --set lo", []string{"loss=", "loss.bce="}}, // a name, and options of the one by default
		{"train --set sam", []string{"sampler=", "sampler.pairs="}},
		{"list --kind augmentation-", []string{"augmentation-preset"}},
		{"train --set topology=", []string{"topology=feature", "topology=siamese", "topology=triplet"}},
		{"train --bad-images skip --bad-im", []string{"--bad-images"}},
		{"list --kind top", []string{"topology"}},
		{"index build --kind f", []string{"flat"}},
		{"index push --kind h", []string{"hnsw"}},
		{"help ind", []string{"index"}},
		{"help index b", []string{"build"}},
		{"completion ", shells},
		{"nothing --x", nil},
	} {
		var got []string
		for _, of := range complete(app, strings.Split(c.line, " ")) {
			got = append(got, of.text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("complete(%q) = %q, want %q", c.line, got, c.want)
		}
	}
	if got := complete(app, nil); got != nil {
		t.Errorf("complete() = %v, want nothing", got)
	}
}

// TestCompleteDefaults: where values of a flag are completed, its default is among them, and
// each is one that the flag takes.
func TestCompleteDefaults(t *testing.T) {
	seen := 0
	for _, p := range pages(rootPage(newApp(silent))) {
		for _, f := range p.command.Flags {
			of := f.(cli.DocGenerationFlag)
			list := p.values(f.Names()[0], "")
			value := strings.Trim(of.GetDefaultText(), `"`)
			if len(list) == 0 || value == "" {
				continue
			}
			seen++
			if !slices.ContainsFunc(list, func(c candidate) bool { return c.text == value }) {
				t.Errorf("%s --%s: the default %q is not completed: %v", p.name, f.Names()[0], value, list)
			}
		}
	}
	if seen == 0 {
		t.Error("no flag with a default is completed")
	}
}

// TestShellScripts: each shell that is here reads its script.
func TestShellScripts(t *testing.T) {
	for _, shell := range shells {
		t.Run(shell, func(t *testing.T) {
			var b strings.Builder
			if err := runCompletion([]string{shell}, &b); err != nil {
				t.Fatal(err)
			}
			if _, err := exec.LookPath(shell); err != nil {
				t.Skipf("%s is not installed", shell)
			}
			c := exec.CommandContext(t.Context(), shell, "-n")
			c.Stdin = strings.NewReader(b.String())
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v\n%s", shell, err, out)
			}
		})
	}
}
