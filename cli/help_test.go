package cli

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/named"
)

// silent is what a command talks to whose words are not looked at.
var silent = IO{Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }}

// pages returns the page of each command of the program, with those below it.
func pages(p page) []page {
	list := []page{p}
	for _, c := range p.command.Subcommands {
		list = append(list, pages(page{p.name + " " + c.Name, c})...)
	}
	return list
}

// TestHelpIsWhole: each command says what it does and ends with examples; each flag says what it
// takes; no line is wider than a terminal.
func TestHelpIsWhole(t *testing.T) {
	for _, p := range pages(rootPage(newApp(silent))) {
		_, examples := p.text()
		if p.command.Usage == "" || examples == "" && len(p.command.Subcommands) == 0 && !p.command.Hidden {
			t.Errorf("%s: no usage, or no examples", p.name)
		}
		for _, f := range p.command.Flags {
			of := f.(cli.DocGenerationFlag)
			if of.TakesValue() && placeholder(of) == "VALUE" {
				t.Errorf("%s --%s does not say what it takes", p.name, f.Names()[0])
			}
			if text := flagText(of); strings.Contains(text, "default") && strings.Contains(text, "else ") ||
				strings.Count(text, "default") > 1 {
				t.Errorf("%s --%s says its default twice: %s", p.name, f.Names()[0], text)
			}
		}
		description, _, _ := strings.Cut(p.help(), examplesHead)
		for _, line := range strings.Split(description, "\n")[1:] {
			if len([]rune(line)) > helpWidth {
				t.Errorf("%s: a line of help is wider than %d: %q", p.name, helpWidth, line)
			}
		}
	}
}

// TestExamples: each example is a command that there is, with flags that it takes; .ci/examples
// runs them.
func TestExamples(t *testing.T) {
	root := rootPage(newApp(silent))
	for _, from := range visiblePages(root) {
		_, examples := from.text()
		own := examples == ""
		for _, line := range strings.Split(examples, "\n") {
			words := strings.Fields(line)
			if len(words) == 0 || words[0] != "tfpair" {
				continue
			}
			p := root
			for _, word := range words[1:] {
				if strings.HasPrefix(word, "-") {
					if flagNamed(p.command.Flags, strings.TrimLeft(word, "-")) == nil {
						t.Errorf("%s: %q: %s has no flag %s", from.name, line, p.name, word)
					}
				} else if next, err := p.sub(word); err == nil && len(p.command.Subcommands) > 0 {
					p = next
				}
			}
			own = own || p.name == from.name
		}
		if !own && from.name != root.name {
			t.Errorf("%s has no example of its own", from.name)
		}
	}
}

// TestRequiredFlags: what help marks as required is what the command refuses to go without.
func TestRequiredFlags(t *testing.T) {
	for _, p := range pages(rootPage(newApp(silent))) {
		if len(p.command.Subcommands) > 0 {
			continue
		}
		needed, _ := p.flags()
		if len(needed) == 0 {
			continue
		}
		err := newApp(silent).RunContext(t.Context(), strings.Fields(p.name))
		var wrong *usageError
		if !errors.As(err, &wrong) {
			t.Errorf("%s without flags = %v, want a usageError", p.name, err)
			continue
		}
		var marked, named []string
		for _, f := range needed {
			marked = append(marked, dashed(f.Names()[0]))
		}
		for _, word := range strings.Fields(err.Error()) {
			if strings.HasPrefix(word, "--") {
				named = append(named, word)
			}
		}
		slices.Sort(marked)
		slices.Sort(named)
		if !slices.Equal(marked, named) {
			t.Errorf("%s: help marks %v, and the command says %q", p.name, marked, err)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"one two three", "one two\nthree"},
		{"one\ntwo", "one two"},
		{"one two\n\n  as it is, however long\nthree", "one two\n\n  as it is, however long\nthree"},
		{"éé éé éé", "éé éé éé"}, // eight letters, eleven bytes
		{"incomprehensible a", "incomprehensible\na"},
	} {
		if got := wrap(c.text, 8); got != c.want {
			t.Errorf("wrap(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

// TestFlagText: a default is shown once, and not where it is nothing.
func TestFlagText(t *testing.T) {
	for _, c := range []struct {
		flag        cli.DocGenerationFlag
		names, text string
	}{
		{&cli.IntFlag{Name: "workers", Usage: "decode `N` images at once"}, "--workers N", "decode N images at once"},
		{&cli.IntFlag{Name: "k", Usage: "show `N`", Value: 5}, "-k N", "show N (default: 5)"},
		{&cli.IntFlag{Name: "n", Usage: "use `N`", DefaultText: "one per core"}, "-n N", "use N (default: one per core)"},
		{&cli.StringFlag{Name: "out", Usage: "write `FILE`"}, "--out FILE", "write FILE"},
		{&cli.StringFlag{Name: "at", Usage: "at `NAME`", Value: "best"}, "--at NAME", "at NAME (default: best)"},
		{&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "say less"}, "--quiet, -q", "say less"},
	} {
		if names, text := flagNames(c.flag), flagText(c.flag); names != c.names || text != c.text {
			t.Errorf("help of %s is %q, %q; want %q, %q", c.flag.Names()[0], names, text, c.names, c.text)
		}
	}
}

// TestNearest: slips of the finger find their name, and other words find none.
func TestNearest(t *testing.T) {
	var commands []string
	for _, c := range newApp(silent).Commands {
		commands = append(commands, c.Name)
	}
	for typed, want := range map[string]string{
		"tarin": "train", "trian": "train", "trainn": "train", "rain": "train", "evalute": "evaluate",
		"serach": "search", "indx": "index", "exprot": "export", "verison": "version",
		"": "", "x": "", "qqq": "", "photos": "", "delete": "",
	} {
		if got := named.Nearest(typed, commands); got != want {
			t.Errorf("nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}
