//go:build linux && amd64 && tensorflow

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/models/vectors"
)

// state is what lies in a folder: the sum of each file and "folder" for folders, by path.
// What differs between two runs that do the same is left out of the sums.
type state map[string]string

// look returns the state of a folder.
func look(folder string) (state, error) {
	s := state{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(name+"/", cacheName+"/") && !hidden(d.Name()): // nothing in a cache is promised
			return nil
		case d.IsDir():
			s[name] = "folder"
			return nil
		case !d.Type().IsRegular():
			s[name] = d.Type().String()
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if told := steady(name, text); told != nil {
			sum := sha256.Sum256(told)
			s[name] = hex.EncodeToString(sum[:8])
		}
		return nil
	})
	s.described(folder)
	return s, err
}

// described puts what the files beside numbers say of these in the place of their bytes: while numbers are
// replaced, they are about the old and the new ones.
func (s state) described(folder string) {
	for name := range s {
		of, beside := strings.CutSuffix(name, ".json")
		if !beside || !strings.HasSuffix(of, ".npy") {
			continue
		}
		if v, err := vectors.Read(filepath.Join(folder, of)); err == nil {
			s[name] = fmt.Sprintf("%q %q", v.Space, v.Paths)
		}
	}
}

// steady returns what of a file does not depend on when it was written, and by which process;
// nil for a file of which nothing is left.
func steady(name string, text []byte) []byte {
	base := filepath.Base(name)
	switch {
	case strings.HasPrefix(base, "events.out.tfevents"), base == "said", base == "lock", strings.HasSuffix(base, ".lock"):
		return nil
	case base == "events.jsonl":
		return evaluations(text)
	case base == "model.sig":
		return signed(text)
	case strings.HasSuffix(base, "undo.csv"):
		return undoable(text)
	case base == "aliases.csv": // they are drawn at random
		return fmt.Append(nil, bytes.Count(text, []byte("\n")))
	case base == "tune.json", base == "trials.json", base == "trials.csv", base == "report.json":
		return timeless(text)
	}
	return text
}

// done are the acts in a list of what can be undone, with both paths below the folder of a case. Folders and times
// of files depend on what a failed command left.
var done = regexp.MustCompile(`(?m)^((?:move|link),)[^,]*/case-[0-9]+/([^,]*,)[^,]*/case-[0-9]+/([^,]*)`)

// undoable are the acts in such a list, each once: a command that goes on writes some of them again.
func undoable(text []byte) []byte {
	var acts []string
	for _, act := range done.FindAllSubmatch(text, -1) {
		acts = append(acts, string(bytes.Join(act[1:], nil)))
	}
	slices.Sort(acts)
	return []byte(strings.Join(slices.Compact(acts), "\n"))
}

// signed is what a signature is about: two signatures of the same differ.
func signed(text []byte) []byte {
	var of struct {
		Envelope struct {
			Payload []byte `json:"payload"`
		} `json:"dsseEnvelope"`
	}
	if json.Unmarshal(text, &of) != nil {
		return text
	}
	return of.Envelope.Payload
}

// seconds are how long something took, as JSON says it.
var seconds = regexp.MustCompile(`"seconds": ?[0-9.e+-]+`)

// timeless leaves out how long things took: of JSON the key "seconds", of CSV the column.
func timeless(text []byte) []byte {
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) == 0 || !slices.Contains(rows[0], "seconds") {
		return seconds.ReplaceAll(text, nil)
	}
	column := slices.Index(rows[0], "seconds")
	for _, row := range rows {
		row[column] = ""
	}
	return fmt.Append(nil, rows)
}

// evaluations are the events of a run that say how good a step is, each once: a run that goes
// on measures some steps again.
func evaluations(text []byte) []byte {
	var kept [][]byte
	for line := range bytes.Lines(text) {
		var event map[string]any
		if json.Unmarshal(line, &event) != nil || event["event"] != "eval" {
			continue
		}
		delete(event, "time")
		plain, err := json.Marshal(event)
		if err == nil && !slices.ContainsFunc(kept, func(other []byte) bool { return bytes.Equal(plain, other) }) {
			kept = append(kept, plain)
		}
	}
	return bytes.Join(kept, []byte("\n"))
}

func (s state) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&b, "%s %s\n", name, s[name])
	}
	return b.String()
}

// visible leaves out what has a name that nobody looks at, folders of nothing else, and words about
// vectors that are not there, which give way.
func (s state) visible() state {
	v := state{}
	for name, sum := range s {
		if sum == "folder" || slices.ContainsFunc(strings.Split(name, "/"), hidden) {
			continue
		}
		if of, about := strings.CutSuffix(name, ".npy.json"); about && s[of+".npy"] == "" {
			continue
		}
		v[name] = sum
		for folder := filepath.Dir(name); folder != "."; folder = filepath.Dir(folder) {
			v[folder] = "folder"
		}
	}
	return v
}

// hidden reports whether a name is one of a file that is being written, or nobody's concern.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "tmp" }

// difference says what another state has more, less, or otherwise.
func (s state) difference(other state) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		switch sum, ok := other[name]; {
		case !ok:
			lines = append(lines, "lacks "+name)
		case sum != s[name]:
			lines = append(lines, "differs in "+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(other)) {
		if _, ok := s[name]; !ok {
			lines = append(lines, "has "+name)
		}
	}
	if len(lines) > 6 {
		lines = append(lines[:6], fmt.Sprintf("and %d more", len(lines)-6))
	}
	return strings.Join(lines, ", ")
}
