package tune

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

// Names in the folder of a search.
const (
	headName   = "tune.json"   // what is searched
	trialsName = "trials.json" // what has been found
	tableName  = "trials.csv"  // the same as a table
	bestName   = "best.yaml"   // the best spec, whole
	runsName   = "trials"      // run folders of trials
	seedsName  = "seeds"       // run folders of the best settings with other seeds
)

// maxRecord is the largest file of a record that is read, in bytes: some hundred thousand trials.
const maxRecord = 256 << 20

// head says what a folder searches; another search needs another folder.
type head struct {
	Spec        string `json:"spec"`
	Space       string `json:"space"`
	Search      string `json:"search"`
	Seed        uint64 `json:"seed"`
	Fingerprint string `json:"data_fingerprint"` // of the data before it is split
}

// FolderError says that a folder holds another search, or something else.
type FolderError struct{ Folder, Reason string }

func (e *FolderError) Error() string { return fmt.Sprintf("%q %s", e.Folder, e.Reason) }

// record is the folder of a search: what is searched and what has been found.
type record struct {
	folder string
	keys   []string // of the space: columns of the table
	trials []Trial
}

// openRecord makes the folder, or opens it and checks that it holds the same search.
func openRecord(folder string, h head, keys []string) (*record, error) {
	r := &record{folder: folder, keys: keys}
	text, err := json.MarshalIndent(h, "", " ")
	if err != nil {
		return nil, fmt.Errorf("record of search: %w", err)
	}
	before, err := regular.ReadFile(filepath.Join(folder, headName), maxRecord)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		entries, err := os.ReadDir(folder)
		if err == nil && slices.ContainsFunc(entries, foreign) {
			return nil, &FolderError{folder, "is there and holds no search"}
		} else if err == nil || errors.Is(err, fs.ErrNotExist) {
			err = aside.MkdirAll(folder)
		}
		if err != nil {
			return nil, fmt.Errorf("make folder of search: %w", err)
		}
		return r, r.write(headName, append(text, '\n'))
	case err != nil:
		return nil, fmt.Errorf("open folder of search: %w", err)
	}
	if err := h.check(folder, before); err != nil {
		return nil, err
	}
	if err := r.read(); err != nil {
		return nil, err
	}
	return r, r.writeTable() // a kill may have come between it and the trials
}

// foreign reports whether e is there for another reason than that the writing of the head was killed.
func foreign(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), "."+headName) }

// check refuses a folder with another search, and says what differs.
func (h head) check(folder string, text []byte) error {
	var before head
	if err := json.Unmarshal(text, &before); err != nil {
		return &FolderError{folder, fmt.Sprintf("holds no search: %s: %v", headName, err)}
	}
	if differences := h.specDifferences(before); differences != "" {
		return &FolderError{folder, "holds a search with another spec: " + differences}
	}
	for _, c := range []struct{ what, before, now string }{
		{"space", before.Space, h.Space},
		{"search", before.Search, h.Search}, {"data", before.Fingerprint, h.Fingerprint},
		{"seed", strconv.FormatUint(before.Seed, 10), strconv.FormatUint(h.Seed, 10)},
	} {
		if c.before != c.now {
			return &FolderError{folder, fmt.Sprintf("holds a search with another %s: %s there, %s now",
				c.what, c.before, c.now)}
		}
	}
	return nil
}

// specDifferences says which keys of the spec differ, "" where none does.
func (h head) specDifferences(before head) string {
	if h.Spec == before.Spec {
		return ""
	}
	a, err := spec.Parse([]byte(before.Spec), headName, &spec.Spec{})
	if err != nil {
		return err.Error()
	}
	b, err := spec.Parse([]byte(h.Spec), headName, &spec.Spec{})
	if err != nil {
		return err.Error()
	}
	differences, err := spec.Diff(a, b)
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, d := range differences {
		list = append(list, fmt.Sprintf("%s is %s there, %s now", d.Key, d.A, d.B))
	}
	return strings.Join(list, "; ")
}

func (r *record) read() error {
	text, err := regular.ReadFile(filepath.Join(r.folder, trialsName), maxRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r.trials)
	}
	if err != nil {
		return fmt.Errorf("read trials of %q: %w", r.folder, err)
	}
	return nil
}

// find returns the record of a training that has ended.
func (r *record) find(t Trial) (Trial, bool) {
	i := slices.IndexFunc(r.trials, t.same)
	if i < 0 {
		return t, false
	}
	return r.trials[i], true
}

// add keeps a training that has ended, and writes both files.
func (r *record) add(t Trial) error {
	r.trials = append(r.trials, t)
	text, err := json.MarshalIndent(r.trials, "", " ")
	if err != nil {
		return fmt.Errorf("record of search: %w", err)
	}
	if err := r.write(trialsName, append(text, '\n')); err != nil {
		return err
	}
	return r.writeTable()
}

// writeTable writes the trials as a table, if there are any.
func (r *record) writeTable() error {
	if len(r.trials) == 0 {
		return nil
	}
	table, err := r.table()
	if err != nil {
		return err
	}
	return r.write(tableName, table)
}

// table writes the trials as CSV, a column for each key of the space.
func (r *record) table() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	header := []string{"trial", "steps", "seed", "status", "value", "best_step", "seconds", "run"}
	rows := [][]string{append(header, r.keys...)}
	for _, t := range r.trials {
		value := ""
		if t.Status == Done {
			value = strconv.FormatFloat(t.Value, 'g', -1, 64)
		}
		row := []string{strconv.Itoa(t.Number), strconv.Itoa(t.Steps), strconv.FormatInt(t.Seed, 10),
			t.Status, value, strconv.Itoa(t.BestStep), strconv.FormatFloat(t.Seconds, 'f', 1, 64),
			t.Run}
		settings := map[string]string{}
		for _, s := range t.Set {
			key, v, _ := strings.Cut(s, "=")
			settings[key] = v
		}
		for _, key := range r.keys {
			row = append(row, settings[key])
		}
		rows = append(rows, row)
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("table of search: %w", err)
	}
	return b.Bytes(), nil
}

// write replaces a file, whole or not at all.
func (r *record) write(name string, text []byte) error {
	if err := aside.WriteFile(filepath.Join(r.folder, name), text); err != nil {
		return fmt.Errorf("record of search: %w", err)
	}
	return nil
}
