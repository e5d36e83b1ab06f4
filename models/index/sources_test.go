package index

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSources: an index remembers where its images come from, the latest last, through everything that rewrites its state; one
// of an earlier version knows the root that it was built from, and not that this is all.
func TestSources(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	built, june, may := Source{Data: "photos"}, Source{Data: "june.csv", Images: "june", Prefix: "june/"}, Source{Data: "may", Prefix: "may/"}
	build := func(overwrite bool, list ...Source) *Folder {
		t.Helper()
		b, err := Build(path, overwrite)
		if err != nil {
			t.Fatal(err)
		}
		a := about("cosine", 2)
		a.Root = "root"
		c := Contents{About: a, Entries: listed([]Entry{entryOf(1, 0, 2), entryOf(2, 0, 2)}), Calibration: Calibration{Promise: Promise},
			Sources: Sources{list, len(list) > 0}}
		if err := errors.Join(b.Write(c), b.Close()); err != nil {
			t.Fatal(err)
		}
		f, err := OpenFolder(path)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	want := func(all bool, list ...Source) {
		t.Helper()
		got, err := ReadSources(path)
		if err != nil || got.All != all || !slices.Equal(got.List, list) {
			t.Errorf("%+v, %v, want all %t of %+v", got, err, all, list)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	f := build(false, built)
	want(true, built)
	do(f.Record(june))
	do(f.Record(may))
	want(true, built, june, may)
	before, err := os.ReadFile(filepath.Join(path, StateName))
	do(err)
	do(f.Record(may))
	if after, err := os.ReadFile(filepath.Join(path, StateName)); err != nil || string(after) != string(before) {
		t.Errorf("the state was written anew (%v) for what it says", err)
	}
	do(f.Record(june))
	want(true, built, may, june)
	do(f.Put(entryOf(3, 0, 2)))
	_, err = f.Remove(entryOf(1, 0, 2).ID)
	do(err)
	do(f.Compact())
	want(true, built, may, june)
	moved := Source{Data: "elsewhere", Prefix: "may/"}
	do(f.Record(moved, may))
	want(true, built, june, moved)
	if other, err := OpenFolder(path); err != nil || !slices.Equal(other.Sources().List, []Source{built, june, moved}) {
		t.Errorf("opened again: %+v, %v", other.Sources(), err)
	}

	f = build(true)
	want(false, Source{Data: "root"})
	do(f.Record(june))
	want(false, Source{Data: "root"}, june)
	do(f.Record(built))
	want(false, june, built)

	var of *Error
	if _, err := ReadSources(filepath.Join(path, "none")); !errors.As(err, &of) {
		t.Errorf("no index: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(path, StateName))
	do(err)
	do(os.WriteFile(filepath.Join(path, StateName), []byte(strings.Replace(string(text), "june", "junk", 1)), 0o644))
	if _, err := ReadSources(path); !errors.As(err, &of) {
		t.Errorf("a damaged index: %v", err)
	}
}

// TestOwner: an id belongs to the source with the longest prefix that fits.
func TestOwner(t *testing.T) {
	s := Sources{List: []Source{{Prefix: "june/"}, {}, {Prefix: "june/2/"}}}
	for id, want := range map[string]string{"a.png": "", "june/a.png": "june/", "june/2/a.png": "june/2/", "june2/a.png": ""} {
		if got, ok := s.Owner(id); got != want || !ok {
			t.Errorf("%s: %q, %t, want %q", id, got, ok, want)
		}
	}
	s.List = s.List[:1]
	if got, ok := s.Owner("a.png"); ok {
		t.Errorf("a.png belongs to %q", got)
	}
}
