package cli

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// TestVisible: what a terminal would obey is written out; names of any language stay.
func TestVisible(t *testing.T) {
	for name, want := range map[string]string{
		"cat": "cat", "größe 東京 🦊": "größe 東京 🦊", "كلب": "كلب",
		"\x1b[31mred": `\x1b[31mred`, "bell\a": `bell\a`, "two\nlines": `two\nlines`, "tab\t": `tab\t`,
		"\u202egnp.exe": `\u202egnp.exe`, "\u009b2J": `\u009b2J`, "\xff": `\xff`, "\x00": `\x00`,
	} {
		if got := visible(name); got != want {
			t.Errorf("visible(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestOutputIsVisible: lines, errors and tables, and nothing in the JSON, which has its own way.
func TestOutputIsVisible(t *testing.T) {
	var stdout, stderr strings.Builder
	o := output{IO: IO{Out: &stdout, Err: &stderr, Getenv: os.Getenv}}
	o.say("note      %s", "a\x1b[2Jb")
	o.print("%s of %d", "c\nd", 3)
	table := newTable("class", "n")
	table.AppendRow([]any{"e\x1b]0;x\af", 1})
	o.print("%s", table)
	reported(o.IO, errors.Join(errors.New("first\x1b[31m"), errors.New("second")))
	for _, c := range []struct{ got, want string }{
		{stderr.String(), "note      a\\x1b[2Jb\ntfpair: first\\x1b[31m\nsecond\n"},
		{stdout.String(), "c\\nd of 3\n" + strings.Join([]string{
			" class         n ", "-----------------", ` e\x1b]0;x\af  1 `, ""}, "\n")},
	} {
		if c.got != c.want {
			t.Errorf("got\n%q, want\n%q", c.got, c.want)
		}
	}
}

// TestColours: the first words of lines on a terminal, and nothing elsewhere.
func TestColours(t *testing.T) {
	for text, want := range map[string]string{
		"wrote model":          "\x1b[32mwrote\x1b[0m model",
		"\nwrote model":        "\n\x1b[32mwrote\x1b[0m model",
		"tfpair: no":           "\x1b[1;31mtfpair:\x1b[0m no",
		"tfpair: hint: do":     "\x1b[36mtfpair: hint:\x1b[0m do",
		"data      wrote that": "data      wrote that",
	} {
		if got := coloured(text); got != want {
			t.Errorf("coloured(%q) = %q, want %q", text, got, want)
		}
	}
	if file, err := os.Create(t.TempDir() + "/file"); err != nil || colourful(file, os.Getenv) {
		t.Errorf("a file is coloured, or %v", err)
	}
}
