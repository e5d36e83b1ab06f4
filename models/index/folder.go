package index

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
)

// Folder is an index in a folder, to which entries are added and from which they are removed while
// others search:
//
//	index.json        what belongs to the index; replaced by a rename
//	000001.items      entries and removals, a line of JSON each, in order
//	000001.vectors    [n,D] float32, little-endian: the n entries of the items, in order
//	000001.pictures   JPEG files, one behind the other; entries say where
//	000001.strangers  strangers of validation, by which the threshold is renewed
//	lock              locked by the program that changes the index, for as long as that takes
//
// Files of a number are a segment. Bytes are only ever appended to them, and those behind what
// index.json says are of a change that was not acknowledged. An entry takes the place of an earlier
// one of its id. A Folder is safe for any number of goroutines, and several programs may have one
// folder open.
type Folder struct {
	path string
	own  Own

	queue    []*change  // that wait for one another
	queueing sync.Mutex // protects queue
	changing sync.Mutex // held by the goroutine that changes the folder or reads it anew: no other writes now, at, view

	tending tending
	view    atomic.Pointer[Index] // what is searched; searches wait for nothing

	mu  sync.Mutex // protects what is below, and that view is of it
	now state
	at  map[string]place // of each id
}

// place is where a row lies.
type place struct{ part, row int32 }

// BusyError says that another program was changing an index for a long time.
type BusyError struct{ Path string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("index %q: another program is changing it; try again when it is done", e.Path)
}

// ErrFile says that an index is one file, which does not change.
var ErrFile = errors.New("it is one file, which does not change")

// OpenFolder returns the index in a folder. The error is an *Error, which wraps ErrFile where the
// index is a file.
func OpenFolder(path string) (*Folder, error) { return Own(nil).OpenFolder(path) }

// OpenFolder is OpenFolder of an index that may be searched by a distance of one's own.
func (o Own) OpenFolder(path string) (*Folder, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		if !Begins(path) {
			return nil, refused(path, errors.New("it is no index; tfpair index build makes one"))
		}
		return nil, refused(path, ErrFile)
	}
	f := &Folder{path: path, own: o}
	if err := f.Refresh(); err != nil {
		return nil, err
	}
	return f, nil
}

// Path returns where the folder is.
func (f *Folder) Path() string { return f.path }

// Index returns the index as it is now. It does not change when the folder does.
func (f *Folder) Index() *Index { return f.view.Load() }

// Find returns the row of an id, and the index as it is now, in which that is its row.
func (f *Folder) Find(id string) (x *Index, row int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	x = f.view.Load()
	p, ok := f.at[id]
	if !ok {
		return x, 0, false
	}
	return x, x.starts[p.part] + x.parts[p.part].gone.rank(int(p.row)), true
}

// Refresh reads what other programs have changed. The error is an *Error; the index is then as it was.
func (f *Folder) Refresh() error {
	f.changing.Lock()
	defer f.changing.Unlock()
	return f.refresh()
}

// refresh is Refresh under changing.
func (f *Folder) refresh() error {
	var err error
	for range 10 { // another program may compact it meanwhile, over and over
		var now state
		if now, err = readState(f.path); err != nil {
			return f.refused(err)
		}
		if f.view.Load() != nil && now.sum == f.now.sum {
			return nil
		}
		if err = f.load(now); err == nil || !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if again, _ := readState(f.path); again.sum == now.sum {
			break // a file is missing, and no change took it away
		}
	}
	return f.refused(err)
}

// refused returns err as an *Error about the folder.
func (f *Folder) refused(err error) error {
	var of *Error
	if err == nil || errors.As(err, &of) {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(f.path); err != nil {
			return refused(f.path, err)
		}
		err = fmt.Errorf("it is a folder without an index: %s is not there; tfpair index build makes one", StateName)
	}
	return refused(f.path, err)
}

// load makes now the state of f. It reads what was appended, or all where that does not fit.
func (f *Folder) load(now state) error {
	g, err := f.growing(now.About)
	if err != nil {
		return err
	}
	view, before := f.view.Load(), f.now.Segments
	if view != nil && len(before) <= len(now.Segments) &&
		slices.EqualFunc(before, now.Segments[:len(before)], func(a, b segment) bool { return a.Number == b.Number }) {
		g.parts, g.at = slices.Clone(view.parts), maps.Clone(f.at)
		if g.readAll(before, now.Segments) == nil && f.take(now, g) == nil {
			return nil
		}
		g.parts, g.at = nil, map[string]place{}
	}
	if err := g.readAll(nil, now.Segments); err != nil {
		return err
	}
	return f.take(now, g)
}

// growing returns a folder of no parts.
func (f *Folder) growing(a About) (growing, error) {
	between, err := distance.Own(f.own).ByName(a.Distance)
	if err != nil {
		return growing{}, err
	}
	kind, err := Table.New(&named.Choice{Name: a.Kind})
	return growing{folder: f.path, kind: kind, between: between, dim: a.Dim, at: map[string]place{}}, err
}

// take lets searches see what has grown.
func (f *Folder) take(now state, g growing) error {
	x := g.index(now.About)
	if x.Len() != now.Images {
		return fmt.Errorf("%d images, want %d", x.Len(), now.Images)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now, f.at = now, g.at
	f.view.Store(x)
	return nil
}

// strangers returns those of validation that lie in the folder.
func (f *Folder) strangers(s state) (Strangers, error) {
	if s.Strangers == nil {
		return Strangers{}, nil
	}
	name := segment{Number: s.Strangers.Number}.strangers()
	data, err := readFrom(f.path, name, extent{}, s.Strangers.extent)
	if err != nil {
		return Strangers{}, err
	}
	list, err := ParseStrangers(data, s.Dim)
	if err != nil {
		return Strangers{}, refused(filepath.Join(f.path, name), err)
	}
	return list, nil
}
