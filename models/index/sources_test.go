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
	record := func(f *Folder, s Source, instead *Source) Source {
		t.Helper()
		got, err := f.Record(s, instead)
		if err != nil || !got.Same(s) {
			t.Fatalf("Record(%+v) = %+v, %v", s, got, err)
		}
		return got
	}
	built.Number = 1
	f := build(false, built)
	want(true, built)
	june.Number, may.Number = 3, 4 // an entry is of number 2
	if got := []Source{record(f, june, nil), record(f, may, nil)}; !slices.Equal(got, []Source{june, may}) {
		t.Errorf("recorded %+v", got)
	}
	want(true, built, june, may)
	before, err := os.ReadFile(filepath.Join(path, StateName))
	do(err)
	record(f, Source{Data: "may", Prefix: "may/"}, nil)
	if after, err := os.ReadFile(filepath.Join(path, StateName)); err != nil || string(after) != string(before) {
		t.Errorf("the state was written anew (%v) for what it says", err)
	}
	record(f, june, nil)
	want(true, built, may, june)
	do(f.Put(entryOf(3, 0, 2)))
	_, err = f.Remove(entryOf(1, 0, 2).ID)
	do(err)
	do(f.Compact())
	want(true, built, may, june)
	moved := record(f, Source{Data: "elsewhere", Prefix: "may/"}, &may)
	if moved.Number != may.Number {
		t.Errorf("what came from %+v comes from %+v", may, moved)
	}
	want(true, built, june, moved)
	if other, err := OpenFolder(path); err != nil || !slices.Equal(other.Sources().List, []Source{built, june, moved}) {
		t.Errorf("opened again: %+v, %v", other.Sources(), err)
	}
	do(f.Forget(june, moved))
	want(true, built)

	f = build(true)
	root := Source{Data: "root"}
	want(false, root)
	june = record(f, june, nil)
	want(false, root, june)
	built = record(f, built, nil)
	want(false, root, june, built)
	here := record(f, Source{Data: "here"}, &root)
	if here.Number != 0 {
		t.Errorf("in the place of the root %+v, want no number, as its entries have none", here)
	}
	want(false, june, built, here)

	if a, err := ReadAbout(path); err != nil || a.Root != "root" || a.Dim != 2 {
		t.Errorf("ReadAbout = %+v, %v", a, err)
	}

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

// TestOwners: an entry is of the source of its number. One without a number can be of all sources without one that have the
// longest prefix that fits, and, where there are none, of no data.
func TestOwners(t *testing.T) {
	june, all, june2, other, numbered := Source{Data: "a", Prefix: "june/"}, Source{Data: "b"}, Source{Data: "c", Prefix: "june/2/"},
		Source{Data: "d"}, Source{Number: 1, Data: "e"}
	for _, c := range []struct {
		in     Sources
		id     string
		number int
		want   []Source
		known  bool
	}{
		{Sources{[]Source{june, all, june2, numbered}, true}, "a.png", 0, []Source{all}, true},
		{Sources{[]Source{june, all, june2, numbered}, true}, "june/a.png", 0, []Source{june}, true},
		{Sources{[]Source{june, all, june2, numbered}, true}, "june/2/a.png", 0, []Source{june2}, true},
		{Sources{[]Source{june, all, june2, numbered}, true}, "june2/a.png", 0, []Source{all}, true},
		{Sources{[]Source{june, all, june2, numbered}, true}, "june/a.png", 1, []Source{numbered}, true},
		{Sources{[]Source{june, all, june2, numbered}, true}, "june/a.png", 2, nil, false},
		{Sources{[]Source{june, all, other}, true}, "a.png", 0, []Source{all, other}, true},
		{Sources{[]Source{june, numbered}, true}, "a.png", 0, nil, true},
		{Sources{[]Source{numbered}, true}, "a.png", 0, nil, true},
		{Sources{[]Source{numbered}, false}, "a.png", 0, nil, true},
		{Sources{[]Source{all, numbered}, false}, "a.png", 0, []Source{all}, false},
		{Sources{nil, true}, "a.png", 0, nil, true},
	} {
		if got, known := c.in.Owners(c.id, c.number); !slices.Equal(got, c.want) || known != c.known {
			t.Errorf("Owners(%q, %d) of %+v = %+v, %t, want %+v, %t", c.id, c.number, c.in, got, known, c.want, c.known)
		}
	}
}
