//go:build unix

package index

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// around returns n vectors around 300 centres.
func around(seed uint64, n, dim int) []float32 {
	centres, r := rand.New(rand.NewPCG(9, 9)), rand.New(rand.NewPCG(seed, 1))
	middle := make([]float32, 300*dim)
	for i := range middle {
		middle[i] = float32(centres.NormFloat64())
	}
	data := make([]float32, n*dim)
	for i := range n {
		centre := middle[r.IntN(300)*dim:]
		for j := range dim {
			data[i*dim+j] = centre[j] + float32(0.4*r.NormFloat64())
		}
	}
	return data
}

// TestGroups: an index of groups finds what it says of the nearest, by each distance; all that was put in
// since, nothing that was removed, and as many rows as are asked for.
func TestGroups(t *testing.T) {
	const n, dim = minGrouped, 12
	for _, distance := range []string{"cosine", "euclidean"} {
		data := around(1, n, dim)
		path := filepath.Join(t.TempDir(), "x")
		b, err := Build(path, false)
		if err != nil {
			t.Fatal(err)
		}
		a := about(distance, dim)
		a.Kind = "ivf"
		entries := func(yield func(Entry, error) bool) {
			for i := range n {
				if !yield(Entry{Item: Item{ID: fmt.Sprint(i)}, Vector: data[i*dim:][:dim]}, nil) {
					return
				}
			}
		}
		if err := errors.Join(b.Write(Contents{About: a, Entries: entries}), b.Close()); err != nil {
			t.Fatal(err)
		}
		f := openFolder(t, path)
		x := f.Index()
		g, ok := x.parts[0].scan.(*grouped)
		if !ok || x.Recall() < wantsRecall || g.groups.Probes >= len(g.groups.half)/2 {
			t.Fatalf("%s: groups %t, recall %v", distance, ok, x.Recall())
		}
		flat := build(t, about(distance, dim), x.Vectors())
		queries := around(2, 200, dim)
		got, want := search(t, x, queries, 10), search(t, flat, queries, 10)
		right := 0
		for i := range want {
			rows := map[int]bool{}
			for _, found := range got[i] {
				rows[found.Row] = true
			}
			for _, found := range want[i] {
				if rows[found.Row] {
					right++
				}
			}
		}
		if share := float64(right) / 2000; share < 0.97 { // 0.99 of 300 rows, less three of its standard errors among 2,000
			t.Errorf("%s: %v of the nearest are found, want %v", distance, share, wantsRecall)
		}
		if all := search(t, x, queries[:dim], n)[0]; len(all) != n {
			t.Errorf("%s: %d rows of all %d", distance, len(all), n)
		}
		changesOfGroups(t, f, n)
	}
}

// changesOfGroups puts entries into an index of groups and removes some.
func changesOfGroups(t *testing.T, f *Folder, n int) {
	t.Helper()
	const dim = 12
	e := entryOf(1, 1, dim)
	if err := f.Put(e); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Remove("7"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		x := f.Index()
		if found := search(t, x, e.Vector, 1)[0][0]; x.Item(found.Row).ID != e.ID {
			t.Errorf("what was put in is not found: %+v", found)
		}
		if _, _, ok := f.Find("7"); ok || x.Len() != n {
			t.Errorf("%d rows, want %d; the one that was removed is there: %t", x.Len(), n, ok)
		}
		if err := f.Compact(); err != nil {
			t.Fatal(err)
		}
	}
	if g, ok := f.Index().parts[0].scan.(*grouped); !ok || g.groups.Rows != n {
		t.Errorf("compacted, the rows are in no groups")
	}
	if wrong := Verify(f.Path()); len(wrong) > 0 {
		t.Error(wrong)
	}
	name := segment{Number: f.now.Next - 1}.groups()
	if err := os.WriteFile(filepath.Join(f.Path(), name), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(f.Path()); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("OpenFolder with damaged groups = %v", err)
	}
}
