package index

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/aside"
)

// Contents is all of an index that is written anew.
type Contents struct {
	About       About
	Entries     iter.Seq2[Entry, error] // an error ends the writing
	Calibration Calibration             // by which the threshold was chosen and is renewed; Learned is not used
	Sources     Sources                 // of the images; empty: nobody says
}

// rewrite writes contents as one segment, and swaps it for what the folder has. keep says of the state
// what else changes.
func (f *Folder) rewrite(c Contents, keep func(*state) error) (err error) {
	now, swapping := f.now, false
	now.About = c.About
	s := segment{Number: now.Next}
	now.Next++
	w, err := f.append(s)
	if err != nil {
		return f.refused(err)
	}
	defer func() {
		err = errors.Join(err, w.close())
		switch {
		case err == nil:
			err = f.swept()
		case !swapping: // else nobody knows which state is on the disk
			_ = f.sweep() // err says more
		}
	}()
	w.keep = false
	for e, err := range c.Entries {
		if err != nil {
			return err
		}
		if err := e.check(now.Dim); err != nil {
			return fmt.Errorf("entry %.80q: %w", e.ID, err)
		}
		if w.fresh[e.ID] {
			return fmt.Errorf("two entries have the same id %q", e.ID)
		}
		w.fresh[e.ID] = true
		if err := w.entry(e); err != nil {
			return f.refused(err)
		}
	}
	if w.added > math.MaxInt32 {
		return fmt.Errorf("%d vectors, want at most %d", w.added, math.MaxInt32)
	}
	if now.Segments = nil; w.added > 0 {
		if s, err = w.sync(); err != nil {
			return f.refused(err)
		}
		now.Segments = []segment{s}
	}
	now.Images = w.added
	now.Changes++
	if err := keep(&now); err != nil {
		return f.refused(err)
	}
	swapping = true
	if err := now.write(f.path); err != nil {
		return f.refused(err)
	}
	return f.refused(f.load(now))
}

// Compact writes what is in the index as one segment, so that what was removed takes no room. Searches
// go on meanwhile, and changes wait.
func (f *Folder) Compact() error {
	f.changing.Lock()
	defer f.changing.Unlock()
	return f.exclusively(func() error {
		x := f.Index()
		if f.compacted() {
			return f.swept() // what a compaction has left that was killed behind its end
		}
		return f.arrange(x)
	})
}

// arrange writes x, the index as it is now, as one segment: of ivf in the order of its groups.
func (f *Folder) arrange(x *Index) error {
	c := Contents{About: x.about, Entries: x.Entries}
	if x.about.Kind != "ivf" {
		return f.rewrite(c, func(*state) error { return nil })
	}
	v := vectors{x.between, x.about.Dim, x.Vectors()}
	g, order := group(v)
	if g == nil {
		return f.rewrite(c, func(*state) error { return nil })
	}
	sorted := v
	sorted.data = make([]float32, 0, len(v.data))
	for _, row := range order {
		sorted.data = append(sorted.data, v.row(int(row))...)
	}
	g.tune(sorted)
	c.Entries = func(yield func(Entry, error) bool) {
		for _, row := range order {
			if e, err := x.Entry(int(row)); !yield(e, err) || err != nil {
				return
			}
		}
	}
	return f.rewrite(c, func(s *state) error {
		data, err := json.Marshal(g)
		if err != nil {
			return err
		}
		of := &s.Segments[len(s.Segments)-1]
		of.Groups = extent{int64(len(data)), crc32.Checksum(data, castagnoli)}
		return aside.WriteFile(filepath.Join(f.path, of.groups()), data)
	})
}

// swept removes what does not belong to the folder, and says so where it cannot.
func (f *Folder) swept() error {
	if err := f.sweep(); err != nil {
		return fmt.Errorf("index %q is written, but files that it has replaced could not be removed; compact it again: %w", f.path, err)
	}
	return nil
}

// compacted reports whether nothing would be gained.
func (f *Folder) compacted() bool {
	view := f.Index()
	switch len(view.parts) {
	case 0:
		return true
	case 1:
		p := view.parts[0]
		g, ok := p.scan.(*grouped)
		arranged := view.about.Kind != "ivf" || len(p.items) < minGrouped || ok && g.groups.Rows == len(p.items)
		return p.gone.count == 0 && (arranged || !p.vectors.distance.Squares())
	}
	return false
}

// Entries yields all that is in the index. The error is that of a picture.
func (x *Index) Entries(yield func(Entry, error) bool) {
	for row := range x.Len() {
		if e, err := x.Entry(row); !yield(e, err) || err != nil {
			return
		}
	}
}

// Entry returns what was put in as row. The error is that of Picture.
func (x *Index) Entry(row int) (Entry, error) {
	picture, err := x.Picture(row)
	return Entry{Item: x.Item(row), Vector: x.Vector(row), Learned: x.Learned(row), Metadata: x.Metadata(row), Source: x.Source(row), Picture: picture}, err
}

// Building is an index in a folder that is not there yet.
type Building struct {
	path     string
	own      Own
	aside    *aside.Folder // nil: what is there is written anew
	replaces bool          // a file is there, and goes
}

// Build makes sure that an index can be written to a folder, before the work of making it. Nothing is
// under that name, or what was there stays, until Write. Without overwrite the error is an *ExistsError
// where anything is there but an empty folder; with it, where it is no index. A Building must be closed.
func (o Own) Build(path string, overwrite bool) (*Building, error) {
	b, kept := &Building{path: path, own: o}, ""
	if overwrite {
		kept = "it is no index"
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && overwrite && isFolder(path) && beginsFolder(path): // also behind a link
		return b, nil
	case err == nil && info.IsDir():
		if _, err := os.Lstat(filepath.Join(path, StateName)); err == nil {
			return nil, &ExistsError{Path: path}
		}
		switch entries, err := os.ReadDir(path); {
		case err == nil && overwrite && lacksState(entries):
			return b, nil
		case err != nil || len(entries) > 0:
			return nil, errors.Join(err, &ExistsError{Path: path, Kept: kept})
		}
	case err == nil:
		if !overwrite || !Begins(path) {
			return nil, &ExistsError{Path: path, Kept: kept}
		}
		b.replaces = true
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	b.aside, err = aside.CreateFolder(filepath.Dir(filepath.Clean(path)), "."+filepath.Base(path))
	return b, err
}

// lacksState reports whether a folder has files of an index and nothing else, so that it is one that has lost its state.
func lacksState(entries []os.DirEntry) bool {
	return len(entries) > 0 && !slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return !ofSegment(e.Name()) && e.Name() != lockName && !aside.Pending(e.Name(), StateName)
	})
}

// Build is Own.Build of an index that is searched by a distance of Table.
func Build(path string, overwrite bool) (*Building, error) { return Own(nil).Build(path, overwrite) }

// Write writes contents: all of that or nothing.
func (b *Building) Write(c Contents) error {
	at := b.path
	if b.aside != nil {
		at = b.aside.Path()
		empty := state{Version: 2, About: c.About, Next: 1}
		if err := empty.write(at); err != nil {
			return err
		}
	}
	f := &Folder{path: at, own: b.own}
	if err := f.overwrite(c); err != nil || b.aside == nil {
		return err
	}
	if err := os.Remove(filepath.Join(at, lockName)); err != nil {
		return err
	}
	if b.replaces {
		return b.aside.Swap(b.path)
	}
	return b.aside.Publish(b.path)
}

// overwrite writes contents in the place of what is there, whatever that is: a damaged index, too.
func (f *Folder) overwrite(c Contents) (err error) {
	f.changing.Lock()
	defer f.changing.Unlock()
	release, err := lock(f.path)
	if err != nil {
		return f.refused(err)
	}
	defer func() { err = errors.Join(err, release()) }()
	now, err := readState(f.path)
	if err != nil {
		now = state{Version: 2, Next: f.unused()}
	}
	f.now = now
	if err := f.replace(c); err != nil || c.About.Kind != "ivf" || f.compacted() {
		return err
	}
	return f.arrange(f.Index())
}

// unused returns a number that no file of a segment has.
func (f *Folder) unused() int {
	next := 1
	entries, _ := os.ReadDir(f.path)
	for _, e := range entries {
		if number, _, _ := strings.Cut(e.Name(), "."); ofSegment(e.Name()) {
			if n, err := strconv.Atoi(number); err == nil {
				next = max(next, n+1)
			}
		}
	}
	return next
}

// replace writes contents, and the strangers by which the threshold was chosen.
func (f *Folder) replace(c Contents) error {
	f.now.Dim = c.About.Dim
	return f.rewrite(c, func(s *state) error {
		s.Promise, s.Untold, s.Chosen, s.Strangers = c.Calibration.Promise, c.Calibration.Untold, s.Images, nil
		if s.Sources = nil; len(c.Sources.List) > 0 {
			s.Sources = &c.Sources
		}
		list := c.Calibration.Strangers
		if len(list.Classes) == 0 {
			return nil
		}
		data, err := json.Marshal(list)
		if err != nil {
			return err
		}
		number := s.Next - 1
		s.Strangers = &strangersFile{number, extent{int64(len(data)), crc32.Checksum(data, castagnoli)}}
		return aside.WriteFile(filepath.Join(f.path, segment{Number: number}.strangers()), data)
	})
}

// Close removes what lies aside, if anything does.
func (b *Building) Close() error {
	if b.aside == nil {
		return nil
	}
	return b.aside.Cleanup()
}

// Rename gives the folder another name, where nothing may be. What is opened of it goes on under that name.
// The error is an *ExistsError where something is there.
func (f *Folder) Rename(path string) error {
	f.changing.Lock()
	defer f.changing.Unlock()
	if err := aside.Unused(path, false); err != nil {
		return err
	}
	if err := os.Rename(f.path, path); err != nil {
		return err
	}
	f.path = path
	if err := aside.Sync(filepath.Dir(path)); err != nil {
		return &aside.UnsyncedError{Path: path, Err: err}
	}
	g, err := f.growing(f.now.About)
	if err == nil {
		err = g.readAll(nil, f.now.Segments)
	}
	if err == nil {
		err = f.take(f.now, g)
	}
	return f.refused(err)
}
