package cli

import (
	"embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/recipe"
	"github.com/tfpair/tfpair/runner/tune"
)

// shells are those that completion is written for. Their scripts ask the hidden command
// "tfpair complete WORD…", which prints a candidate for the last word on each line, then a
// tab and what it is. Where it prints nothing, the shell completes names of files.
var shells = []string{"bash", "zsh", "fish"}

//go:embed completion
var completionScripts embed.FS

func newCompletionCommand(streams IO) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that completes commands, flags and names in your shell",
		ArgsUsage: "SHELL",
		Description: "SHELL is bash, zsh or fish. The script completes commands, flags, settings of --set, " +
			"names from tfpair list, and files. Its first lines say how a shell loads it each time.\n\n" +
			examplesHead +
			"  tfpair completion bash\n" +
			"  source <(tfpair completion bash)",
		Action: func(c *cli.Context) error { return runCompletion(c.Args().Slice(), streams.Out) },
	}
}

func runCompletion(words []string, w io.Writer) error {
	if len(words) != 1 || !slices.Contains(shells, words[0]) {
		return usagef("completion needs the name of a shell: %s; got %q", strings.Join(shells, ", "), words)
	}
	script, err := completionScripts.ReadFile("completion/tfpair." + words[0])
	if err != nil {
		return err
	}
	_, err = w.Write(script)
	return err
}

func newCompleteCommand(streams IO) *cli.Command {
	return &cli.Command{
		Name:            "complete",
		Usage:           "print what may stand in place of the last word",
		ArgsUsage:       "WORD…",
		Hidden:          true,
		SkipFlagParsing: true,
		Action: func(c *cli.Context) error {
			for _, of := range complete(c.App, c.Args().Slice()) {
				if _, err := fmt.Fprintf(streams.Out, "%s\t%s\n", of.text, of.brief); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// candidate is what may stand in place of a word.
type candidate struct{ text, brief string }

// complete returns the candidates for the last of the words after the program's name.
func complete(app *cli.App, words []string) []candidate {
	if len(words) == 0 {
		return nil
	}
	p, flag := rootPage(app), cli.DocGenerationFlag(nil)
	before, typed := words[:len(words)-1], words[len(words)-1]
	for _, word := range before {
		switch {
		case flag != nil: // word is its value
			flag = nil
		case strings.HasPrefix(word, "-"):
			if f := flagNamed(p.command.Flags, strings.TrimLeft(word, "-")); f != nil && f.TakesValue() {
				flag = f
			}
		default:
			if next, err := p.sub(word); err == nil {
				p = next
			}
			if p.command.Name == "help" {
				p = rootPage(app)
				p.command.Flags = nil
			}
		}
	}
	name, value, assigned := strings.Cut(strings.TrimLeft(typed, "-"), "=")
	switch {
	case flag != nil:
		return matching(typed, "", p.values(flag.Names()[0], typed))
	case strings.HasPrefix(typed, "-") && assigned: // --device=cpu
		return matching(typed, "--"+name+"=", p.values(name, value))
	case strings.HasPrefix(typed, "-"):
		return matching(typed, "", p.flagCandidates())
	}
	return matching(typed, "", p.arguments())
}

// matching returns those of the list that begin with what was typed, each after a prefix.
func matching(typed, prefix string, list []candidate) []candidate {
	var found []candidate
	for _, of := range list {
		if of.text = prefix + of.text; strings.HasPrefix(of.text, typed) {
			found = append(found, of)
		}
	}
	return found
}

// arguments returns the words that may follow a command: commands, or the flags that it
// needs where there are none.
func (p page) arguments() []candidate {
	if p.command.Name == "completion" {
		return words(shells...)
	}
	var list []candidate
	for _, c := range p.command.Subcommands {
		if !c.Hidden {
			list = append(list, candidate{c.Name, c.Usage})
		}
	}
	if len(list) == 0 {
		return p.flagCandidates()
	}
	return list
}

// flagCandidates returns the flags of a command, required ones first.
func (p page) flagCandidates() []candidate {
	needed, others := p.flags()
	var list []candidate
	for _, f := range append(needed, others...) {
		list = append(list, candidate{dashed(f.Names()[0]), flagText(f)})
	}
	return list
}

// values returns what a flag may be set to, nil where that is a file or a number.
func (p page) values(flag, typed string) []candidate {
	switch flag {
	case "preset":
		return append(namesOf(entriesOf(spec.Presets)), candidate{autoPreset, "what the data asks for"})
	case "effort":
		return words(string(recipe.Quick), string(recipe.Good), string(recipe.Best))
	case "weights":
		return append(namesOfWeights(), candidate{noWeights, "start from random values"})
	case "format":
		return namesOf(entriesOf(dataset.Table))
	case "search":
		return namesOf(entriesOf(tune.Table))
	case "device":
		return words("auto", "cpu", "gpu")
	case "bad-images":
		return words("stop", "skip")
	case "log":
		return words(logFormats...)
	case "split":
		return words("train", "val", "test")
	case "precision":
		return words(precisionFloat32, precisionInt8)
	case "form":
		return words(string(models.Folded), string(models.Trainable))
	case "checkpoint":
		return words("best", "last")
	case "set":
		return settings(typed)
	case "kind":
		switch p.command.Name {
		case "list":
			return words(kindWords()...)
		case "push":
			return words(postgres.Flat, postgres.HNSW)
		}
		return namesOf(entriesOf(index.Table))
	}
	return nil
}

// settings returns keys of a spec, each with "=", or the values of the key typed before it.
func settings(typed string) []candidate {
	key, _, assigned := strings.Cut(typed, "=")
	var list []candidate
	for _, e := range entries() {
		if assigned && e.Kind == key {
			list = append(list, candidate{key + "=" + e.Name, e.Brief})
		}
	}
	if assigned {
		return list
	}
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		return nil
	}
	values, err := s.Values()
	if err != nil {
		return nil
	}
	section := ""
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if name, _, below := strings.Cut(key, "."); below && name != section && slices.Contains(kindNames(entries()), name) {
			section = name
			list = append(list, candidate{name + "=", "one of tfpair list --kind " + name})
		}
		list = append(list, candidate{key + "=", values[key] + " by default"})
	}
	return list
}

func namesOfWeights() []candidate {
	var list []candidate
	for _, s := range pretrained.Sets {
		list = append(list, candidate{s.Name, s.Brief + ", " + s.About()})
	}
	return list
}

func words(texts ...string) []candidate {
	var list []candidate
	for _, text := range texts {
		list = append(list, candidate{text: text})
	}
	return list
}

func namesOf(list []entry) []candidate {
	var found []candidate
	for _, e := range list {
		found = append(found, candidate{e.Name, e.Brief})
	}
	return found
}
