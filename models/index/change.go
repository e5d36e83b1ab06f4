package index

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/tfpair/tfpair/internal/aside"
)

// segmentBytes is the size of the vectors of a segment from which on no more is appended to it. The
// program holds one segment, into which it writes, in its own memory.
const segmentBytes = 32 << 20

// lockName is the file that whoever changes a folder has locked.
const lockName = "lock"

// Entry is what is put into a folder.
type Entry struct {
	Item
	Vector   []float32         // [D]
	Learned  bool              // the network has learned from its class, so it is no stranger
	Metadata map[string]string // of the program's own; nil: none
	Picture  []byte            // a JPEG file to show; nil: none
	Source   int               // number of the Source that it came from; 0: a program put it in
}

// change is what one caller asks for.
type change struct {
	entries []Entry
	removed []string // ids
	done    bool
	count   int // of ids that were there
	err     error
}

// Put adds entries, in place of those of the same ids. All of them are on the disk when it returns, or,
// with an error, none is acknowledged. Calls at the same time share the work. Errors are a *ValueError,
// what does not fit, *BusyError, *Error and the disk's.
func (f *Folder) Put(entries ...Entry) error {
	f.mu.Lock()
	dim := f.now.Dim
	f.mu.Unlock()
	for i, e := range entries {
		if err := e.check(dim); err != nil {
			return fmt.Errorf("entry %d, %.80q: %w", i, e.ID, err)
		}
	}
	c := change{entries: entries}
	return f.submit(&c)
}

// Remove removes the entries of ids, and returns how many there were. It is acknowledged as Put is.
func (f *Folder) Remove(ids ...string) (int, error) {
	c := change{removed: ids}
	err := f.submit(&c)
	return c.count, err
}

func (e Entry) check(dim int) error {
	switch {
	case e.ID == "":
		return errors.New("it has no id")
	case len(e.Vector) != dim:
		return fmt.Errorf("a vector of length %d, want %d", len(e.Vector), dim)
	case !e.written():
		return errors.New("its words are not all UTF-8")
	case e.words() > maxItem/8:
		return fmt.Errorf("%d bytes of words, want at most %d", e.words(), maxItem/8)
	case e.Source < 0 || e.Source > math.MaxInt32:
		return fmt.Errorf("source %d", e.Source)
	case len(e.Picture) > maxPicture:
		return fmt.Errorf("a picture of %d bytes, want at most %d", len(e.Picture), maxPicture)
	}
	return finite("vector", e.Vector, dim)
}

// all yields the words that are stored of e.
func (e Entry) all(yield func(string) bool) {
	for _, word := range []string{e.ID, e.Path, e.SHA256, e.Class, e.Coarse} {
		if !yield(word) {
			return
		}
	}
	for name, value := range e.Metadata {
		if !yield(name) || !yield(value) {
			return
		}
	}
}

// written reports whether JSON can hold the words.
func (e Entry) written() bool {
	for word := range e.all {
		if !utf8.ValidString(word) {
			return false
		}
	}
	return true
}

// words returns how many bytes the words have.
func (e Entry) words() int {
	n := 0
	for word := range e.all {
		n += len(word)
	}
	return n
}

// submit makes a change, with all others that wait by then.
func (f *Folder) submit(c *change) error {
	f.queueing.Lock()
	f.queue = append(f.queue, c)
	f.queueing.Unlock()
	f.changing.Lock()
	defer f.changing.Unlock()
	if c.done {
		return c.err
	}
	f.queueing.Lock()
	together := f.queue
	f.queue = nil
	f.queueing.Unlock()
	err := f.exclusively(func() error { return f.commit(together) })
	for _, other := range together {
		other.done, other.err = true, err
	}
	return err
}

// exclusively does work while no other program changes the folder, and on its newest state.
func (f *Folder) exclusively(work func() error) (err error) {
	release, err := lock(f.path)
	if err != nil {
		return f.refused(err)
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := f.refresh(); err != nil {
		return err
	}
	return work()
}

// commit makes changes, and lets searches see them once they are on the disk.
func (f *Folder) commit(changes []*change) (err error) {
	now := f.now
	s := segment{Number: now.Next}
	last := len(now.Segments) - 1
	if last >= 0 && now.Segments[last].Vectors.Bytes < segmentBytes {
		s = now.Segments[last]
	} else {
		last++
		now.Next++
	}
	w, err := f.append(s)
	if err != nil {
		return f.refused(err)
	}
	defer func() {
		if err != nil && f.asBefore() {
			w.undo()
		}
		err = errors.Join(err, w.close())
	}()
	for _, c := range changes {
		if err := w.change(c, f.at); err != nil {
			return f.refused(err)
		}
	}
	if len(w.steps) == 0 {
		return nil
	}
	if s, err = w.sync(); err != nil {
		return f.refused(err)
	}
	now.Segments = append(now.Segments[:last:last], s)
	now.Images += w.added
	now.Changes++
	if err := now.write(f.path); err != nil { // which sets its sum
		return f.refused(err)
	}
	return f.grown(now, last, s, w)
}

// asBefore reports whether the disk has the state that f knows: what was appended since belongs to nothing.
func (f *Folder) asBefore() bool {
	now, err := readState(f.path)
	return err == nil && now.sum == f.now.sum
}

// grown applies what a writer has written.
func (f *Folder) grown(now state, i int, s segment, w *writer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	view := f.view.Load()
	g, err := f.growing(now.About)
	if err != nil {
		return f.refused(err)
	}
	g.parts, g.at = slices.Clone(view.parts), f.at
	if err := g.apply(i, s, w.steps, w.data, nil); err != nil {
		return f.refused(err)
	}
	f.now = now
	f.view.Store(g.index(now.About))
	return nil
}

// writer appends to the files of a segment.
type writer struct {
	folder                   string
	segment                  segment
	items, vectors, pictures *appender
	steps                    []step          // of items, as one would read them
	data                     []float32       // vectors, as they were written
	keep                     bool            // steps and data are kept
	added                    int             // entries less those that went
	fresh                    map[string]bool // ids that were put in or taken away: whether they are there
}

// append opens the files of a segment.
func (f *Folder) append(s segment) (_ *writer, err error) {
	w := &writer{folder: f.path, segment: s, keep: true, fresh: map[string]bool{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if s.Items.Bytes == 0 {
		_ = f.sweep() // what cannot be removed is no part of the index, and stays for the next one
	}
	if w.items, err = openAppender(f.path, s.items(), s.Items); err != nil {
		return nil, err
	}
	if w.vectors, err = openAppender(f.path, s.vectors(), s.Vectors); err != nil {
		return nil, err
	}
	w.pictures, err = openAppender(f.path, s.pictures(), s.Pictures)
	return w, err
}

// change writes what a caller asks for. at says which ids are there.
func (w *writer) change(c *change, at map[string]place) error {
	there := func(id string) bool {
		is, known := w.fresh[id]
		if !known {
			_, is = at[id]
		}
		return is
	}
	for _, e := range c.entries {
		if there(e.ID) {
			w.added--
		}
		w.fresh[e.ID] = true
		if err := w.entry(e); err != nil {
			return err
		}
	}
	for _, id := range c.removed {
		if !there(id) {
			continue
		}
		w.fresh[id] = false
		c.count++
		w.added--
		if err := w.line(removalLine{id}); err != nil {
			return err
		}
		w.step(step{removed: id})
	}
	return nil
}

// entry writes an entry.
func (w *writer) entry(e Entry) error {
	l := entryLine{Item: e.Item, Learned: e.Learned, Metadata: e.Metadata, Source: int32(e.Source)}
	if len(e.Picture) > 0 {
		l.Picture = &pictureLine{w.pictures.extent.Bytes, int64(len(e.Picture)), crc32.Checksum(e.Picture, castagnoli)}
		if err := w.pictures.write(e.Picture); err != nil {
			return err
		}
	}
	if err := w.line(l); err != nil {
		return err
	}
	w.step(l.step())
	row := make([]byte, 0, 4*len(e.Vector))
	for _, x := range e.Vector {
		row = binary.LittleEndian.AppendUint32(row, math.Float32bits(x))
	}
	w.segment.Rows++
	w.added++
	if w.keep {
		w.data = append(w.data, e.Vector...)
	}
	return w.vectors.write(row)
}

// line writes a line of items.
func (w *writer) line(value any) error {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return err
	}
	if text.Len() > maxItem {
		return fmt.Errorf("item %.40q… takes %d bytes, want at most %d", text.String(), text.Len(), maxItem)
	}
	return w.items.write(text.Bytes())
}

func (w *writer) step(s step) {
	if w.keep {
		w.steps = append(w.steps, s)
	}
}

// sync brings all that was written to the disk, and returns the segment as it is then.
func (w *writer) sync() (segment, error) {
	isNew := w.segment.Items.Bytes == 0
	for _, a := range []*appender{w.items, w.vectors, w.pictures} {
		if err := a.sync(isNew); err != nil {
			return segment{}, err
		}
	}
	if isNew { // and so are their names
		if err := aside.Sync(w.folder); err != nil {
			return segment{}, err
		}
	}
	s := w.segment
	s.Items, s.Vectors, s.Pictures = w.items.extent, w.vectors.extent, w.pictures.extent
	return s, nil
}

// undo takes back what was appended, so that it keeps no room on a full disk. What cannot be taken back goes with the next change.
func (w *writer) undo() {
	for _, a := range []*appender{w.items, w.vectors, w.pictures} {
		_ = a.file.Truncate(a.from)
	}
}

func (w *writer) close() error {
	var all error
	for _, a := range []*appender{w.items, w.vectors, w.pictures} {
		if a != nil {
			all = errors.Join(all, a.close())
		}
	}
	return all
}
