package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/sampler"
	"github.com/tfpair/tfpair/runner/train"
)

// commandNamed returns a command of the program.
func commandNamed(t *testing.T, words ...string) *cli.Command {
	t.Helper()
	p := rootPage(newApp(silent))
	for _, word := range words {
		next, err := p.sub(word)
		if err != nil {
			t.Fatal(err)
		}
		p = next
	}
	return p.command
}

// TestHintsFit: whatever goes wrong in whichever command, a flag that the hint names is a flag
// of the command, or of the command that the hint names.
func TestHintsFit(t *testing.T) {
	root := rootPage(newApp(silent))
	for _, o := range outcomes {
		said := false
		for _, p := range pages(root) {
			hint := o.hint.on(p.command.Flags, nil)
			said = said || hint != ""
			for _, way := range strings.Split(hint, ", or ") {
				at := p
				for _, word := range strings.Fields(way) {
					word = strings.Trim(word, ",;:.")
					if word == "tfpair" {
						at = root
					} else if next, err := at.sub(word); err == nil {
						at = next
					}
					if strings.HasPrefix(word, "--") && flagNamed(at.command.Flags, word[2:]) == nil {
						t.Errorf("%s says %q, and %s has no flag %s", p.name, hint, at.name, word)
					}
				}
			}
		}
		if !said && o.hint != nil {
			t.Errorf("no command says %q", o.hint)
		}
	}
}

// TestHintsFilled: of a command line that has all of its flags, a hint repeats what is known. What nobody can know is in capitals.
func TestHintsFilled(t *testing.T) {
	unknown := map[string]string{
		"RUN":     "a model does not say where its run is",
		"MODEL":   "where the next model is to be",
		"NEW":     "likewise",
		"LAYER":   "the message lists the layers",
		"PAIRS":   "pairs that are not those of the training",
		"PATH":    "an image to search for",
		"VECTORS": "where the next vectors are to be",
		"INDEX":   "which index a database is to have",
		"DATA":    "data for a gallery or for vectors",
	}
	found := map[string]bool{}
	for _, p := range pages(rootPage(newApp(silent))) {
		line := commandLine(strings.Fields(p.name))
		for _, f := range p.command.Flags {
			line = append(line, dashed(f.Names()[0]), "some")
		}
		for _, o := range outcomes {
			hint := o.hint.on(p.command.Flags, line)
			for _, word := range regexp.MustCompile(`--[a-z-]+ ([A-Z]+)\b`).FindAllStringSubmatch(hint, -1) {
				if found[word[1]] = true; unknown[word[1]] == "" {
					t.Errorf("%s says %q, and {%s} would be filled in", p.name, hint, strings.ToLower(word[1]))
				}
			}
		}
	}
	for word := range unknown {
		if !found[word] {
			t.Errorf("no hint says %s", word)
		}
	}
}

// TestHints: what is said of one error by commands that have the flag for it, and by others.
func TestHints(t *testing.T) {
	bad := &pipeline.BadImagesError{}
	over := &pipeline.BadImagesError{Share: 0.01}
	image := &decode.ImageError{Path: "a.png", Err: errors.New("no image")}
	list := &dataset.ListError{Path: "pairs.csv", Good: 1}
	for _, c := range []struct {
		command string
		err     error
		want    string
	}{
		{"compare", image, "mend or remove it"},
		{"embed", image, "mend or remove it, or add --bad-images skip to leave it out"},
		{"compare", &decode.ImageError{Path: "a.png", Err: fs.ErrNotExist}, "check the path"},
		{"train", &dataset.Error{Role: "data", Path: "my photos", Err: &dataset.ClassesError{Unsorted: 9}},
			"sort them, or answer questions about them, which makes a list that trains: tfpair export --weights efficientnet-lite0 --out start && " +
				"tfpair label --data 'my list.csv' --out pairs.csv --model start"},
		{"train", &dataset.Error{Role: "data", Path: "my photos", Err: &dataset.ClassesError{}}, ""},
		{"embed", bad, "mend or remove them, or add --bad-images skip to leave them out"},
		{"embed", over, "mend or remove them, or leave more out with a larger --bad-budget"},
		{"train", list, "write a list without these rows: tfpair train --data 'my list.csv' --set train.steps=9 --fix 'my list-mended.csv'"},
		{"train", &train.SamplerError{Err: &sampler.FitError{Settings: []sampler.Setting{{Key: "train.batch_size", Value: "30"}}}},
			"tfpair train --data 'my list.csv' --set train.steps=9 --set train.batch_size=30"},
		{"train", &train.SamplerError{Err: &sampler.FitError{Settings: []sampler.Setting{{Key: "train.steps", Value: "3"}}}},
			"tfpair train --data 'my list.csv' --set train.steps=3"},
		{"train", &train.SamplerError{Err: &sampler.FitError{}}, ""},
		{"evaluate", &models.NotModelError{Path: "run", Reason: "it is a file"}, "tfpair export --run RUN --out MODEL makes one"},
		{"serve", &net.OpError{Op: "listen", Net: "tcp", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)},
			"give another --listen or --admin"},
		{"index build", &index.ExistsError{Path: "model"}, "give another --out, or add --overwrite to replace it"},
		{"index build", &index.ExistsError{Path: "model", Kept: "it is no index"}, "give another --out"},
		{"index update", &index.Error{Path: "x.index", Err: &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}}, "free some room there, and give the same command again"},
		{"export", list, ""},
		{"search", list, ""},
		{"train", &train.DivergedError{Step: 3}, "lower the learning rate, such as --set optimizer.adam.lr=0.0003, " +
			"or add --set optimizer.adam.clip_norm=1"},
		{"train", &train.DivergedError{}, "no step is to blame: start from other --weights, " +
			"or from another seed: --set train.seed=1"},
	} {
		var said strings.Builder
		reported(IO{Out: io.Discard, Err: &said, Getenv: silent.Getenv}, ofCommand(c.err, commandNamed(t, strings.Fields(c.command)...),
			commandLine{"tfpair", c.command, "--data", "my list.csv", "--set", "train.steps=9"}))
		_, hint, _ := strings.Cut(said.String(), "tfpair: hint: ")
		if got := strings.TrimSpace(hint); got != c.want {
			t.Errorf("hint of %s for %T = %q, want %q", c.command, c.err, got, c.want)
		}
	}
}

// TestFill: what a command line has stands in a hint, and else the name of it. The model of report is its only run.
func TestFill(t *testing.T) {
	for line, want := range map[string]string{
		"evaluate --model a": "a", "evaluate": "MODEL", "report --run b": "b", "report --run b --run c": "MODEL",
	} {
		if got := commandLine(strings.Fields(line)).fill("{model}"); got != want {
			t.Errorf("%s: {model} is %s, want %s", line, got, want)
		}
	}
}

// TestDataFlags: messages about lists name flags that say how a list is read. Each command
// that reads one has them all.
func TestDataFlags(t *testing.T) {
	for _, p := range pages(rootPage(newApp(silent))) {
		has := func(name string) bool { return flagNamed(p.command.Flags, name) != nil }
		if !has("images") {
			continue
		}
		for _, name := range []string{"columns", "format"} {
			if !has(name) {
				t.Errorf("%s reads lists and has no --%s", p.name, name)
			}
		}
	}
	if c := commandNamed(t, "search"); !slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return fmt.Sprint(f.Names()) == "[images]" }) {
		t.Error("search has no --images")
	}
}
