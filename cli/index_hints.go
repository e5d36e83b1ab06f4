package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/inference"
)

// sourceFlags are the flags that name a source.
func sourceFlags(s index.Source) []given {
	return []given{{"data", s.Data}, {"val", s.Val}, {"test", s.Test}, {"images", s.Images}, {"format", s.Format},
		{"columns", s.Columns}, {"splits", s.Splits}, {"prefix", strings.TrimSuffix(s.Prefix, "/")}}
}

// advise says how to name the new place of data that is not there, and how to part with it. The next data is the next command's.
func (e *leftError) advise(of *commandError) string {
	if len(e.links) > 0 {
		return "mend these links, or remove them, and give the same command again"
	}
	s := e.data[0]
	at := commandLine{"tfpair", "index", "update"}.with(given{"model", of.line.value("model")}, given{"index", e.index})
	gone := commandLine{"tfpair", "index", "remove"}.with(given{"index", e.index}, given{"data", s.Data}, given{"prefix", strings.TrimSuffix(s.Prefix, "/")})
	s.Data = "DATA"
	return fmt.Sprintf("say where it is now: %s, or remove its images, and forget it: %s", at.with(sourceFlags(s)...), gone)
}

// advise says how to name the new place of the first data.
func (e *awayError) advise(of *commandError) string {
	line := of.line
	if s := e.data; slices.Contains(line, "update") && !slices.Contains(line, "--prefix") {
		line = line.with(given{"prefix", strings.TrimSuffix(s.Prefix, "/")})
	}
	return "say where they are now: " + line.with(given{"data", "DATA"}).String()
}

// lostError is an *inference.LostError of an index whose sources are known.
type lostError struct {
	error
	there      []index.Source // that the images were looked for in
	thumbnails bool           // the index has some, and they were not taken
}

func (e *lostError) Unwrap() error { return e.error }

// advise says what can be done about images that are not in the data as they were.
func (e *lostError) advise(of *commandError) string {
	ways := []string{"leave these out: " + append(slices.Clone(of.line), "--skip-missing").String()}
	if e.thumbnails {
		ways = append(ways, "take their thumbnails, less exactly: "+append(slices.Clone(of.line), "--from-thumbnails").String())
	}
	line := of.line.less("data")
	for _, s := range e.there {
		line = line.with(given{"data", s.Data})
	}
	return strings.Join(append(ways, "name all data that has them, with more than is named here: "+line.with(given{"data", "MORE"}).String()), ", or ")
}

// begunError is an error about what an earlier migration has begun, which cannot be gone on with.
type begunError struct {
	error
	path string
}

func (e *begunError) Unwrap() error { return e.error }

// advise says how to begin anew. Where it is not there any more, another program has ended the same migration meanwhile.
func (e *begunError) advise(of *commandError) string {
	if errors.Is(e.error, fs.ErrNotExist) {
		return "another program has done the same meanwhile; see: " + commandLine{"tfpair", "index", "verify"}.with(given{"index", of.line.value("out")}).String()
	}
	return fmt.Sprintf("begin anew: %s && %s", commandLine{"rm", "-r", e.path}, of.line)
}

// inFolder reports whether path is folder or lies in it.
func inFolder(folder, path string) bool {
	inside, err := filepath.Rel(folder, path)
	return folder != "" && err == nil && filepath.IsLocal(inside)
}

// changedError says that an index has other contents under the names of images that are to be added.
type changedError struct {
	count int
	first string
	known []index.Source
}

func (e *changedError) Error() string {
	return fmt.Sprintf("the index has other contents for %s, the first %q", count(e.count, "image"), e.first)
}

// advise says how to replace the images, and how to call the new ones otherwise.
func (e *changedError) advise(of *commandError) string {
	update := slices.Clone(of.line)
	update[slices.Index(update, "add")] = "update"
	return fmt.Sprintf("replace them: %s, or give the new ones names of their own: %s", update,
		of.line.less("prefix").with(given{"prefix", e.name(of.line.value("data"))}))
}

// name returns a prefix that the index does not know: the name of the data, with a number where that is known.
func (e *changedError) name(data string) string {
	name, _, _ := strings.Cut(filepath.Base(filepath.Clean(data)), ".")
	if name == "" || name == string(filepath.Separator) {
		name = "more"
	}
	for i, free := 2, name; ; i++ {
		if !slices.ContainsFunc(e.known, func(s index.Source) bool { return s.Prefix == free+"/" }) {
			return free
		}
		free = fmt.Sprintf("%s-%d", name, i)
	}
}

// rebuilding returns the commands that build an index at path of what it remembers; of DATA where it remembers nothing.
func rebuilding(model, path string, overwrite bool) string {
	from, _ := sourcesOf(path) // an index that says nothing
	if about, err := index.ReadAbout(path); err == nil && model == "MODEL" {
		if _, err := inference.IsRun(about.Model); err == nil { // it is at hand
			model = about.Model
		}
	}
	if !index.Replaceable(path) {
		path, overwrite = freeName(filepath.Clean(path), ".index"), false
	}
	list := from.List
	if len(list) == 0 || list[0].Prefix != "" {
		list = slices.Insert(list, 0, index.Source{Data: "DATA"})
	}
	var lines []string
	for i, s := range list {
		line := commandLine{"tfpair", "index", "add"}.with(given{"model", model}).with(sourceFlags(s)...).with(given{"index", path})
		if i == 0 {
			if line = (commandLine{"tfpair", "index", "build"}).with(given{"model", model}).with(sourceFlags(s)...).with(given{"out", path}); overwrite {
				line = append(line, "--overwrite")
			}
		}
		lines = append(lines, line.String())
	}
	return strings.Join(lines, " && ")
}
