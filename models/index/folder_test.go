//go:build unix

package index

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// makeFolder builds an index of entries in a new folder.
func makeFolder(t testing.TB, dim int, entries ...Entry) *Folder {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.index")
	b, err := Build(path, false)
	if err != nil {
		t.Fatal(err)
	}
	c := Contents{About: about("cosine", dim), Entries: listed(entries), Calibration: Calibration{Promise: Promise}}
	if err := errors.Join(b.Write(c), b.Close()); err != nil {
		t.Fatal(err)
	}
	return openFolder(t, path)
}

func openFolder(t testing.TB, path string) *Folder {
	t.Helper()
	f, err := OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// listed yields entries.
func listed(entries []Entry) func(func(Entry, error) bool) {
	return func(yield func(Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// entryOf makes entry number i, which differs from that of another turn.
func entryOf(i, turn, dim int) Entry {
	r := rand.New(rand.NewPCG(uint64(i), uint64(turn)))
	v := make([]float32, dim)
	for j := range v {
		v[j] = float32(r.NormFloat64())
	}
	id := fmt.Sprintf("a/%d.png", i)
	return Entry{Item: Item{ID: id, Path: id, SHA256: fmt.Sprint(turn), Class: string(rune('a' + i%3))}, Vector: v,
		Learned: i%2 == 0, Source: i % 4, Metadata: map[string]string{"turn": fmt.Sprint(turn)}, Picture: fmt.Appendf(nil, "picture %d of turn %d", i, turn)}
}

// holds compares a folder with the entries that it must have: those of want, by their ids.
func holds(t *testing.T, f *Folder, want map[string]Entry) {
	t.Helper()
	got := map[string]Entry{}
	for e, err := range f.Index().Entries {
		if err != nil {
			t.Fatal(err)
		}
		e.Vector = slices.Clone(e.Vector)
		got[e.ID] = e
	}
	if !reflect.DeepEqual(got, want) || f.Index().Len() != len(want) {
		t.Fatalf("the folder has %d entries, said to be %d:\n%v, want %d:\n%v", len(got), f.Index().Len(),
			slices.Sorted(maps.Keys(got)), len(want), slices.Sorted(maps.Keys(want)))
	}
	for id, e := range want {
		x, row, ok := f.Find(id)
		if !ok || x.Item(row) != e.Item || !slices.Equal(x.Vector(row), e.Vector) {
			t.Fatalf("Find(%q) = %d, %t", id, row, ok)
		}
	}
}

// asFlat compares the answers of a folder with those of an index of the same entries in one piece.
func asFlat(t *testing.T, f *Folder, seed uint64) {
	t.Helper()
	x := f.Index()
	if x.Len() == 0 {
		return
	}
	items := make([]Item, 0, x.Len())
	for _, item := range x.All() {
		items = append(items, item)
	}
	y, err := New(x.About(), items, x.Vectors())
	if err != nil {
		t.Fatal(err)
	}
	queries := random(seed, 9, x.About().Dim)
	if got, want := search(t, x, queries, 7), search(t, y, queries, 7); !reflect.DeepEqual(got, want) {
		t.Fatalf("the folder answers\n%v, want\n%v", got, want)
	}
}

// TestFolder: whatever is put in, replaced and removed, through two Folders that know nothing of each
// other, is what a map says, after every change, after Compact, and when it is opened again.
func TestFolder(t *testing.T) {
	const dim = 5
	f := makeFolder(t, dim)
	other := openFolder(t, f.Path())
	want := map[string]Entry{}
	r := rand.New(rand.NewPCG(1, 2))
	for turn := range 60 {
		if f, other = other, f; turn%20 == 19 {
			if err := f.Compact(); err != nil {
				t.Fatal(err)
			}
		}
		var put []Entry
		for range r.IntN(40) {
			put = append(put, entryOf(r.IntN(300), turn, dim))
		}
		if err := f.Put(put...); err != nil {
			t.Fatal(err)
		}
		for _, e := range put {
			want[e.ID] = e
		}
		var ids []string
		there := 0
		for range r.IntN(20) {
			id := fmt.Sprintf("a/%d.png", r.IntN(300))
			if _, ok := want[id]; ok {
				there++
			}
			delete(want, id)
			ids = append(ids, id)
		}
		if n, err := f.Remove(ids...); n != there || err != nil {
			t.Fatalf("Remove of %d that are there = %d, %v", there, n, err)
		}
		holds(t, f, want)
		asFlat(t, f, uint64(turn))
	}
	if err := other.Refresh(); err != nil {
		t.Fatal(err)
	}
	holds(t, other, want)
	holds(t, openFolder(t, f.Path()), want)
	if wrong := Verify(f.Path()); len(wrong) > 0 {
		t.Error(wrong)
	}
	if err := f.Compact(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(f.Path()); err != nil || len(entries) != 5 { // state, lock, and three files of a segment
		t.Errorf("compacted, the folder has %v (%v)", entries, err)
	}
}

// TestSegments: a full segment is followed by another, and rows of all are found.
func TestSegments(t *testing.T) {
	const dim = 1 << 18 // a vector takes 1 MiB
	f := makeFolder(t, dim)
	want := map[string]Entry{}
	for i := range 40 {
		e := entryOf(i%36, i, dim)
		if err := f.Put(e); err != nil {
			t.Fatal(err)
		}
		want[e.ID] = e
	}
	if n := len(f.now.Segments); n != 2 {
		t.Errorf("%d segments, want 2: 40 MiB of vectors, at most 32 in one", n)
	}
	holds(t, f, want)
	holds(t, openFolder(t, f.Path()), want)
}

// TestLeftovers: what a killed writer leaves behind what was acknowledged is not there.
func TestLeftovers(t *testing.T) {
	f := makeFolder(t, 3, entryOf(1, 0, 3), entryOf(2, 0, 3))
	want := map[string]Entry{"a/1.png": entryOf(1, 0, 3), "a/2.png": entryOf(2, 0, 3)}
	for _, kind := range []string{"items", "vectors", "pictures"} {
		path := filepath.Join(f.Path(), "000001."+kind)
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(`{"id":"half`); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(f.Path(), "000002."+kind), []byte("of a killed writer"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	again := openFolder(t, f.Path())
	holds(t, again, want)
	e := entryOf(3, 0, 3)
	if err := again.Put(e); err != nil {
		t.Fatal(err)
	}
	want[e.ID] = e
	holds(t, openFolder(t, f.Path()), want)
	if err := again.Compact(); err != nil {
		t.Fatal(err)
	}
	holds(t, openFolder(t, f.Path()), want)
	if wrong := Verify(f.Path()); len(wrong) > 0 {
		t.Error(wrong)
	}
}

// TestDamage: a flipped bit and a missing end of each file are named, by Verify always, and by
// OpenFolder where it is no picture.
func TestDamage(t *testing.T) {
	f := makeFolder(t, 4, entryOf(99, 0, 4))
	for i := range 30 {
		if err := f.Put(entryOf(i, 0, 4)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Remove("a/3.png"); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, name := range []string{StateName, "000001.items", "000001.vectors", "000001.pictures"} {
		path := filepath.Join(f.Path(), name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			bad := bytes.Clone(good)
			if i%2 == 0 {
				bad[r.IntN(len(bad))] ^= 1 << r.IntN(8)
			} else {
				bad = bad[:r.IntN(len(bad))]
			}
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			if wrong := Verify(f.Path()); len(wrong) == 0 || !strings.Contains(errors.Join(wrong...).Error(), name) {
				t.Fatalf("damage of %s: Verify = %v", name, wrong)
			}
			if _, err := OpenFolder(f.Path()); err == nil && !strings.HasSuffix(name, "pictures") {
				t.Fatalf("damage of %s: OpenFolder = nil", name)
			}
		}
		if err := os.WriteFile(path, good, 0o644); err != nil {
			t.Fatal(err)
		}
		if wrong := Verify(f.Path()); len(wrong) > 0 {
			t.Fatal(wrong)
		}
	}
	if err := os.Remove(filepath.Join(f.Path(), "000001.vectors")); err != nil {
		t.Fatal(err)
	}
	if wrong := Verify(f.Path()); len(wrong) != 1 || !errors.Is(wrong[0], fs.ErrNotExist) {
		t.Errorf("a file is gone: Verify = %v", wrong)
	}
}

// TestWhileOthersSearch: each search sees what was acknowledged before it began, never a half of a
// change, while entries come and go and the folder is compacted.
func TestWhileOthersSearch(t *testing.T) {
	const dim, most = 8, 160
	f := makeFolder(t, dim)
	var wait sync.WaitGroup
	for w := range 4 { // each has ids of its own, and always two of them at a time
		wait.Go(func() {
			for i := range most / 4 {
				a, b := entryOf(w*most+2*i, 0, dim), entryOf(w*most+2*i+1, 0, dim)
				if err := f.Put(a, b); err != nil {
					t.Error(err)
					return
				}
				for _, e := range []Entry{a, b} {
					list, err := f.Index().Search(e.Vector, 1)
					if err != nil || f.Index().Len() == 0 || list[0][0].Distance != 0 {
						t.Errorf("%s was acknowledged, and the nearest is %v (%v)", e.ID, list, err)
						return
					}
				}
				if i%3 == 0 {
					if n, err := f.Remove(a.ID, b.ID); n != 2 || err != nil {
						t.Errorf("Remove = %d, %v", n, err)
					}
					if _, _, ok := f.Find(a.ID); ok {
						t.Errorf("%s was removed, and is there", a.ID)
					}
				}
			}
		})
	}
	stop := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if x := f.Index(); x.Len()%2 != 0 {
				t.Errorf("%d entries: half of a change is seen", x.Len())
				return
			}
			if i%5000 == 0 {
				if err := f.Compact(); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	wait.Wait()
	close(stop)
	beside.Wait()
	asFlat(t, openFolder(t, f.Path()), 1)
}

// TestPutRefuses: a bad entry is refused, nothing of the call is there, and others go on.
func TestPutRefuses(t *testing.T) {
	f := makeFolder(t, 2, entryOf(0, 0, 2))
	good := entryOf(1, 0, 2)
	for _, c := range []struct {
		change func(*Entry)
		want   string
	}{
		{func(e *Entry) { e.ID = "" }, "it has no id"},
		{func(e *Entry) { e.Vector = e.Vector[:1] }, "a vector of length 1, want 2"},
		{func(e *Entry) { e.Vector = []float32{1, float32(nan())} }, "number 1 is NaN"},
		{func(e *Entry) { e.Class = "\xff" }, "not all UTF-8"},
		{func(e *Entry) { e.Metadata = map[string]string{"a": strings.Repeat("x", maxItem)} }, "bytes of words, want at most"},
		{func(e *Entry) { e.Picture = make([]byte, maxPicture+1) }, "a picture of 1048577 bytes, want at most 1048576"},
	} {
		bad := entryOf(2, 0, 2)
		c.change(&bad)
		if err := f.Put(good, bad); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Put = %v, want %q", err, c.want)
		}
		if n := f.Index().Len(); n != 1 {
			t.Errorf("%d entries after a Put that was refused, want 1", n)
		}
	}
}

func nan() float64 { zero := 0.0; return zero / zero }

// TestBuild: nothing is overwritten without being asked; a file gives way to a folder, and a folder's
// contents to others; something else stays.
func TestBuild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	write := func(overwrite bool, entries ...Entry) error {
		b, err := Build(path, overwrite)
		if err != nil {
			return err
		}
		return errors.Join(b.Write(Contents{About: about("cosine", 2), Entries: listed(entries)}), b.Close())
	}
	exists := (*ExistsError)(nil)
	file, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(file.Write(build(t, about("cosine", 2), []float32{1, 2})), file.Close()); err != nil {
		t.Fatal(err)
	}
	if err := write(false, entryOf(1, 0, 2)); !errors.As(err, &exists) {
		t.Fatalf("Build over a file = %v, want an *ExistsError", err)
	}
	if _, err := OpenFolder(path); !errors.Is(err, ErrFile) {
		t.Fatalf("OpenFolder of a file = %v, want ErrFile", err)
	}
	for i := range 3 {
		if err := write(true, entryOf(i, 0, 2)); err != nil {
			t.Fatal(err)
		}
		holds(t, openFolder(t, path), map[string]Entry{entryOf(i, 0, 2).ID: entryOf(i, 0, 2)})
	}
	if err := write(false); !errors.As(err, &exists) {
		t.Fatalf("Build over a folder = %v, want an *ExistsError", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("beside the index is %v (%v)", entries, err)
	}
	path = t.TempDir()
	if err := os.WriteFile(filepath.Join(path, "precious"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(true); !errors.As(err, &exists) {
		t.Fatalf("Build over a folder that is no index = %v, want an *ExistsError", err)
	}
}

// TestRenew: the threshold is chosen anew when the index has grown by a quarter, not before.
func TestRenew(t *testing.T) {
	const dim = 4
	var entries []Entry
	entry := func(i int) Entry {
		e := entryOf(i, 0, dim)
		e.Class, e.Learned = fmt.Sprint("class ", i%10), false
		return e
	}
	for i := range 100 {
		entries = append(entries, entry(i))
	}
	f := makeFolder(t, dim, entries...)
	f.now.Chosen = 0 // Contents carried no threshold
	if renewed, err := f.Renew(); !renewed || err != nil {
		t.Fatalf("Renew = %t, %v", renewed, err)
	}
	for i := 100; i < 126; i++ {
		want := i == 125 // the 126th image is more than a quarter of 100
		if err := f.Put(entry(i)); err != nil {
			t.Fatal(err)
		}
		if renewed, err := f.Renew(); renewed != want || err != nil {
			t.Fatalf("Renew among %d = %t, %v", i+1, renewed, err)
		}
	}
	x := f.Index()
	want := x.Calibrate(Calibration{Promise: Promise}).About().Accept
	if got := openFolder(t, f.Path()).Index().About().Accept; got == nil || want == nil || !reflect.DeepEqual(got, want) || got.Images != 126 {
		t.Errorf("threshold %+v, want %+v", got, want)
	}
}

// TestOverwriteDamaged: an index that cannot be read is built again in its place.
func TestOverwriteDamaged(t *testing.T) {
	for _, name := range []string{StateName, StateName + " away", "000001.items", "000001.vectors"} {
		f := makeFolder(t, 2, entryOf(1, 0, 2))
		path := filepath.Join(f.Path(), strings.TrimSuffix(name, " away"))
		if err := os.WriteFile(path, []byte("nothing"), 0o644); err != nil {
			t.Fatal(err)
		}
		if path != filepath.Join(f.Path(), name) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		if !Replaceable(f.Path()) {
			t.Errorf("%s: the folder is not replaceable", name)
		}
		b, err := Build(f.Path(), true)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(b.Write(Contents{About: about("cosine", 3), Entries: listed([]Entry{entryOf(2, 0, 3)})}), b.Close()); err != nil {
			t.Fatal(err)
		}
		holds(t, openFolder(t, f.Path()), map[string]Entry{"a/2.png": entryOf(2, 0, 3)})
		if wrong := Verify(f.Path()); len(wrong) > 0 {
			t.Error(wrong)
		}
	}
}
