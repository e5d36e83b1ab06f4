package cli

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/index"
)

// indexOf writes an index of images with the numbers of their sources, and opens it.
func indexOf(t *testing.T, sources index.Sources, images map[string]int) *index.Folder {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.index")
	b, err := index.Build(path, false)
	if err != nil {
		t.Fatal(err)
	}
	entries := func(yield func(index.Entry, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(images)) {
			if !yield(index.Entry{Item: index.Item{ID: id, Path: id}, Vector: []float32{1, 2}, Source: images[id]}, nil) {
				return
			}
		}
	}
	about := index.About{Kind: "flat", Space: "s", Model: "m", Distance: "cosine", Dim: 2, Root: "root"}
	if err := errors.Join(b.Write(index.Contents{About: about, Entries: entries, Sources: sources}), b.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := index.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSettle: what is removed came from data that the command looks at and from none that it does not. Of images that can have come
// from either nobody knows.
func TestSettle(t *testing.T) {
	a, b, june := index.Source{Data: "a"}, index.Source{Data: "b"}, index.Source{Data: "june", Prefix: "june/"}
	c, d := index.Source{Number: 1, Data: "c"}, index.Source{Number: 2, Data: "d"}
	images := map[string]int{"0": 0, "1": 1, "2": 2, "june/0": 0, "june/2": 2, "9": 9, "known": 1}
	for name, of := range map[string]struct {
		list                   []index.Source
		all                    bool
		looked                 []index.Source
		prefix                 string
		removed, unknown, away []string
	}{
		"numbered, one of two":      {[]index.Source{c, d}, true, []index.Source{c}, "", []string{"1"}, []string{"9"}, nil},
		"numbered, both":            {[]index.Source{c, d}, true, []index.Source{c, d}, "", []string{"1", "2", "june/2"}, []string{"9"}, nil},
		"without numbers, one":      {[]index.Source{a, b, june}, true, []index.Source{a}, "", nil, []string{"0", "1", "2", "9", "june/2"}, nil},
		"without numbers, prefix":   {[]index.Source{a, b, june}, true, []index.Source{june}, "june", []string{"june/0"}, []string{"june/2"}, nil},
		"without numbers, all":      {[]index.Source{a, b, june}, true, []index.Source{a, b, june}, "", []string{"0", "june/0"}, []string{"1", "2", "9", "june/2"}, nil},
		"without numbers, one away": {[]index.Source{a, b, june}, true, []index.Source{a, june}, "", []string{"june/0"}, []string{"0", "1", "2", "9", "june/2"}, []string{"b"}},
		"of an earlier version":     {[]index.Source{a, c}, false, []index.Source{a, c}, "", []string{"1"}, []string{"0", "2", "9", "june/0", "june/2"}, nil},
	} {
		f := indexOf(t, index.Sources{List: of.list, All: of.all}, images)
		from := sources{there: of.looked, gone: slices.DeleteFunc(slices.Clone(of.list), func(s index.Source) bool { return slices.Contains(of.looked, s) })}
		var r changedIndex
		o := growOptions{prefix: of.prefix, prune: true}
		if of.away == nil {
			o.data.path = "given"
		}
		if err := o.settle(&r, growth{folder: f, from: from, out: output{IO: silent}}, map[string]bool{"known": true}, nil); err != nil {
			t.Fatal(err)
		}
		var removed []string
		for id := range images {
			if _, _, there := f.Find(id); !there {
				removed = append(removed, id)
			}
		}
		slices.Sort(removed)
		if diff := cmp.Diff([][]string{of.removed, of.unknown, of.away}, [][]string{removed, r.Unknown, r.Away}); diff != "" || r.Removed != len(removed) {
			t.Errorf("%s: removed %d; removed, unknown and away:\n%s", name, r.Removed, diff)
		}
	}
}

// TestMovedTo: data has moved where half of its images are, or more.
func TestMovedTo(t *testing.T) {
	c, d, june := index.Source{Number: 1, Data: "c"}, index.Source{Number: 2, Data: "d"}, index.Source{Number: 3, Data: "june", Prefix: "june/"}
	f := indexOf(t, index.Sources{List: []index.Source{c, d, june}, All: true},
		map[string]int{"1": 1, "2": 1, "3": 1, "4": 1, "5": 2, "june/6": 3})
	for _, of := range []struct {
		gone   []index.Source
		prefix string
		here   []string
		want   *index.Source
	}{
		{[]index.Source{c, d}, "", []string{"1", "2", "x"}, &c},
		{[]index.Source{c, d}, "", []string{"1", "x"}, nil},
		{[]index.Source{c, d}, "", []string{"1", "5"}, &d},
		{[]index.Source{c, d}, "", []string{"1", "2", "5"}, &c},
		{[]index.Source{d}, "", []string{"1", "2"}, nil},
		{nil, "", []string{"1", "2"}, nil},
		{[]index.Source{june}, "june/", []string{"june/6"}, &june},
		{[]index.Source{june}, "", []string{"june/6"}, nil},
	} {
		here := map[string]bool{}
		for _, id := range of.here {
			here[id] = true
		}
		got := sources{Sources: f.Sources(), gone: of.gone}.movedTo(of.prefix, f.Index(), here)
		if diff := cmp.Diff(of.want, got); diff != "" {
			t.Errorf("%v of %v: %s", of.here, of.gone, diff)
		}
	}
}
