package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// fixed is the result of --fix.
type fixed struct {
	Out     string        `json:"out"`
	Format  string        `json:"format"`
	Rows    int           `json:"rows"`    // written
	Dropped int           `json:"dropped"` // rows that cannot be used
	Faults  []droppedKind `json:"faults,omitempty"`
	Notes   []string      `json:"notes,omitempty"`
}

// droppedKind is rows that are left out for one reason.
type droppedKind struct {
	Reason string `json:"reason"` // of the first
	Line   int    `json:"line"`   // of the first
	Count  int    `json:"count"`
}

// runFix writes the usable rows of the list that a command was given to a new file, and
// does nothing else of the command. The file appears whole or not at all.
func runFix(c *cli.Context, streams IO) error {
	out := outputOptions{json: c.Bool("json"), quiet: c.Bool("quiet")}.on(streams)
	to := c.String("fix")
	if err := require(c.Command.Name, given{"fix", to}, given{"data", c.String("data")}); err != nil {
		return err
	}
	if err := newFile("fix", to); err != nil {
		return err
	}
	layout := layoutOptions{images: c.String("images"), format: c.String("format"), columns: c.String("columns")}
	options, err := layout.options(c.String("data"))
	if err != nil {
		return err
	}
	options.Val, options.Test = c.String("val"), c.String("test")
	var text bytes.Buffer
	f, err := dataset.Fix(options, &text)
	if err != nil {
		return err
	}
	if err := aside.WriteFile(to, text.Bytes()); err != nil {
		return err
	}
	result := fixed{Out: to, Format: f.Format, Rows: f.Rows, Notes: f.Notes}
	for _, note := range f.Notes {
		out.say("note      %s", note)
	}
	if f.Dropped != nil {
		result.Dropped = f.Dropped.Bad
		for _, kind := range f.Dropped.Faults {
			result.Faults = append(result.Faults, droppedKind{kind.Reason, kind.Line, kind.Count})
			out.say("left out  %s, first line %d: %s", count(kind.Count, "row"), kind.Line, kind.Reason)
		}
	}
	out.print("wrote %s (%s, %s left out)", to, count(f.Rows, "row"), count(result.Dropped, "row"))
	out.say("next: %s", again(c, to))
	return out.emit("summary", result)
}

// again returns the command line with the mended list in place of the one that was given.
func again(c *cli.Context, list string) commandLine {
	words := append(commandOf(c), "--data", list)
	if !c.IsSet("images") && filepath.Dir(list) != filepath.Dir(c.String("data")) {
		words = append(words, "--images", filepath.Dir(c.String("data")))
	}
	read := []string{"fix", "data", "columns", "format"}
	if c.String("val") != "" || c.String("test") != "" { // lists that are not mended
		read = read[:2]
	}
	return append(words, flagsOf(c, read...)...)
}

// commandOf returns the words of a command that was given, without flags.
func commandOf(c *cli.Context) commandLine {
	return append(commandLine{"tfpair"}, strings.Fields(strings.TrimPrefix(c.Command.HelpName, "tfpair "))...)
}

// flagsOf returns the flags that a command was given, except those of some names.
func flagsOf(c *cli.Context, except ...string) commandLine {
	var words commandLine
	for _, flag := range c.Command.Flags {
		name := flag.Names()[0]
		if !c.IsSet(name) || slices.Contains(except, name) || inEnvironment(c, flag) {
			continue
		}
		word := dashed(name)
		switch value := c.Value(name).(type) {
		case bool:
			words = append(words, word)
		case cli.StringSlice:
			for _, v := range value.Value() {
				words = append(words, word, v)
			}
		default:
			words = append(words, word, fmt.Sprint(value))
		}
	}
	return words
}

// inEnvironment reports whether a flag has the value of its variable of the environment, which the next command
// finds there, too.
func inEnvironment(c *cli.Context, flag cli.Flag) bool {
	of, ok := flag.(cli.DocGenerationFlag)
	return ok && slices.ContainsFunc(of.GetEnvVars(), func(name string) bool {
		value, set := os.LookupEnv(name)
		return set && value == fmt.Sprint(c.Value(flag.Names()[0]))
	})
}

// newFile refuses a path behind a flag where something is already.
func newFile(flag, path string) error {
	err := aside.Unused(path, false)
	if isA[*aside.ExistsError](err) {
		return usagef("--%s %s is there already; name a new file, nothing is overwritten", flag, path)
	}
	return cmp.Or(err, hasFolder("--"+flag, path))
}

// hasFolder refuses a file whose folder is not there.
func hasFolder(flag, path string) error {
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return usagef("%s %q: there is no folder %q", flag, path, filepath.Dir(path))
	}
	return nil
}
