package cli

import (
	"io"
	"testing"

	"github.com/urfave/cli/v2"
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
		if got := nearest(typed, commands); got != want {
			t.Errorf("nearest(%q) = %q, want %q", typed, got, want)
		}
	}
}
