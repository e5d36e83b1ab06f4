package cli

import (
	"cmp"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/sampler"
	"github.com/tfpair/tfpair/runner/inference"
)

// commandError is an error of a command, whose flags the hint may name.
type commandError struct {
	error
	flags []cli.Flag
	line  commandLine // as the command was given
}

func (e *commandError) Unwrap() error { return e.error }

// advice is what can be done about an error, one way a string. Behind "tfpair" stands another
// command, with flags of its own. {model} is the value of --model, MODEL where it was not given,
// and so for other flags; {again} is the command as it was given. commandLine.fill has more words.
type advice []string

// advising is an error that says what can be done about it, of a command.
type advising interface {
	error
	advise(of *commandError) string
}

var (
	flagWords  = regexp.MustCompile(`--[a-z][a-z-]*`) // the flags of a way
	givenWords = regexp.MustCompile(`\{[a-z]+\}`)     // what the command line fills in
)

// on returns the ways that a command with these flags has, as one sentence.
func (a advice) on(flags []cli.Flag, line commandLine) string {
	var ways []string
	for _, way := range a {
		own, _, _ := strings.Cut(way, "tfpair ")
		if !slices.ContainsFunc(flagWords.FindAllString(own, -1), func(word string) bool {
			return flagNamed(flags, strings.TrimPrefix(word, "--")) == nil
		}) {
			ways = append(ways, givenWords.ReplaceAllStringFunc(way, line.fill))
		}
	}
	return strings.Join(ways, ", or ")
}

// ofIndex reports whether a is about the index that was given.
func (a advice) ofIndex() bool {
	return slices.ContainsFunc(a, func(way string) bool {
		return strings.Contains(way, "{index}") || strings.Contains(way, "build}")
	})
}

// fill returns what stands in place of a word such as {model}.
func (c commandLine) fill(word string) string {
	name := strings.Trim(word, "{}")
	switch name {
	case "again":
		return c.String()
	case "build": // the index, of the data that is known
		return rebuilding(c.value("model"), c.value("index"), false)
	case "rebuild": // the index, in its place
		return rebuilding(c.value("model"), c.value("index"), true)
	case "export": // the run that was given as a model
		return nextExport(c.value("model"), "", "").String()
	case "copy": // a name for a copy of the model
		return shellWord(freeName(filepath.Clean(c.value("model"))+"-copy", ""))
	case "mended": // a name for a list in the place of the data
		ending := filepath.Ext(c.value("data"))
		return shellWord(freeName(strings.TrimSuffix(c.value("data"), ending)+"-mended", ending))
	case "folder": // the folder of the data, which is a pattern
		return shellWord(aboveThePattern(c.value("data")))
	}
	return shellWord(c.value(name))
}

// value returns the value of a flag, in capitals its name where it was not given.
func (c commandLine) value(name string) string {
	if runs := slices.DeleteFunc(slices.Clone(c), func(word string) bool { return word != "--run" }); name == "model" && len(runs) == 1 {
		name = "run" // as report calls it; of two it is not known which one is meant
	}
	if i := slices.Index(c, "--"+name); i >= 0 && i+1 < len(c) {
		return postgres.Shown(c[i+1]) // of a URL without the password
	}
	return strings.ToUpper(name)
}

// aboveThePattern returns the innermost folder around what a pattern is of.
func aboveThePattern(path string) string {
	for strings.ContainsAny(path, patternSigns) {
		path = filepath.Dir(path)
	}
	return path
}

// less returns c without a flag and its values.
func (c commandLine) less(flag string) commandLine { return without(c, flag) }

// without returns c without settings of a section of the spec.
func (c commandLine) without(section string) commandLine {
	var line commandLine
	for i := 0; i < len(c); i++ {
		if c[i] == "--set" && i+1 < len(c) && (strings.HasPrefix(c[i+1], section+"=") || strings.HasPrefix(c[i+1], section+".")) {
			i++
			continue
		}
		line = append(line, c[i])
	}
	return line
}

// set returns c with settings in place of those of the same keys.
func (c commandLine) set(settings []sampler.Setting) commandLine {
	var line commandLine
	for i := 0; i < len(c); i++ {
		if c[i] == "--set" && i+1 < len(c) && slices.ContainsFunc(settings, func(s sampler.Setting) bool {
			return strings.HasPrefix(c[i+1], s.Key+"=")
		}) {
			i++
			continue
		}
		line = append(line, c[i])
	}
	for _, s := range settings {
		line = append(line, "--set", s.String())
	}
	return line
}

// hintFor returns what to do about err: the command that mends it, or that shows what there is,
// where a name or a command line is wrong.
func (o outcome) hintFor(err error, of *commandError) string {
	var unknown *named.UnknownError
	var wrong *usageError
	var wanted *wantedError
	var missing *pretrained.DownloadError
	var silent *inference.NoAcceptError
	var knows advising
	var ofIndex *index.Error
	var served *servedError
	if errors.As(err, &served) {
		of = &commandError{of.error, of.flags, served.line()}
	}
	settings := settingsFor(err)
	switch {
	case errors.As(err, &knows):
		return knows.advise(of)
	case errors.As(err, &wanted):
		return wanted.mend(of.line).String()
	case errors.As(err, &missing):
		return elsewhere(missing.Set)
	case errors.As(err, &silent) && (silent.Outgrown || silent.Suggested != nil):
		return silentHint(silent, of)
	case len(settings) > 0 && flagNamed(of.flags, "set") != nil:
		return of.line.set(settings).String()
	case o.hint.ofIndex() && errors.As(err, &ofIndex) && !inFolder(of.line.value("index"), ofIndex.Path):
		return "" // about another one than the hints
	case o.hint != nil:
		return o.hint.on(of.flags, of.line)
	case errors.As(err, &unknown):
		return listHint(unknown.Kind)
	case errors.As(err, &wrong) && o.code == exitUsage:
		return cmp.Or(wrong.help, "tfpair help")
	}
	return ""
}

// silentHint names the command that chooses a threshold in a database, and the command as it was given with a threshold to begin with, as
// far as they are known.
func silentHint(silent *inference.NoAcceptError, of *commandError) string {
	var ways []string
	if silent.Outgrown {
		ways = append(ways, advice{"tfpair index threshold --model {model} --index {index}"}.on(of.flags, of.line))
	}
	if silent.Suggested != nil {
		ways = append(ways, "a threshold to begin with, which says nothing of strangers: "+of.line.accepting(*silent.Suggested).String())
	}
	return strings.Join(ways, ", or ")
}

// settingsFor returns the settings with which the command would not meet err.
func settingsFor(err error) []sampler.Setting {
	var batch *sampler.FitError
	var few *dataset.FewClassesError
	switch {
	case errors.As(err, &batch):
		return batch.Settings
	case errors.As(err, &few) && few.WithoutTest:
		return []sampler.Setting{{Key: "train.test", Value: "0"}}
	}
	return nil
}

// listHint is the command that lists the names of a kind.
func listHint(kind string) string {
	if !slices.Contains(kindWords(), kindWord(kind)) {
		return "tfpair list"
	}
	return "tfpair list --kind " + kindWord(kind)
}
