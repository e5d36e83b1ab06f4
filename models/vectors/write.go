package vectors

import (
	"bufio"
	"errors"

	"github.com/tfpair/tfpair/internal/aside"
)

// ExistsError says that a file is in the way of vectors.
type ExistsError = aside.ExistsError

// File is a file of vectors that is not there yet.
type File struct {
	path      string
	format    Format
	overwrite bool
	pending   []*aside.File // lie aside: what is about them, then the vectors
}

// Create makes sure that vectors can be written to path, before the work of making
// them. Nothing is under that name until Write. Errors are *named.UnknownError for the
// extension, *ExistsError where a file is there and overwrite is false, and the disk's. The
// File must be closed.
func Create(path string, overwrite bool) (*File, error) {
	format, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path, format: format, overwrite: overwrite}
	names := []string{path}
	if format.beside {
		names = []string{path + aboutExtension, path}
	}
	for _, name := range names {
		if err := aside.Unused(name, overwrite); err != nil && (name == path || !orphaned(path)) {
			return nil, errors.Join(err, f.Close())
		}
		// Aside in the same folder: whether that can be written to shows now.
		p, err := aside.Create(name)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.pending = append(f.pending, p)
	}
	return f, nil
}

// Write writes v, syncs it and gives it its name: all of that or nothing. Errors are
// *Error where v is no vectors, *ExistsError where something took the name meanwhile,
// and the disk's.
func (f *File) Write(v *Vectors) error {
	if err := v.check(); err != nil {
		return &Error{f.path, err}
	}
	last := f.pending[len(f.pending)-1]
	w := bufio.NewWriterSize(last, 1<<20)
	if err := f.format.write(w, v); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if f.format.beside {
		if err := v.writeAbout(f.pending[0], last); err != nil {
			return err
		}
	}
	for _, p := range f.pending {
		if err := p.Sync(); err != nil {
			return err
		}
	}
	if err := aside.Unused(f.path, f.overwrite); err != nil {
		return err
	}
	if !f.format.beside {
		return last.Publish()
	}
	return f.publishPair()
}

// publishPair gives both files their names. Where one cannot get it, what was there before comes
// back. A kill in between leaves at most the file about the numbers, which gives way, and never one beside
// the other's old one: a reader of NumPy's array would not notice.
func (f *File) publishPair() error {
	var kept []*aside.Kept
	back := func(err error) error {
		for _, r := range kept {
			err = errors.Join(err, r.Back())
		}
		return err
	}
	for _, name := range []string{f.path, f.path + aboutExtension} {
		r, err := aside.Keep(name)
		if err != nil {
			return back(err)
		}
		kept = append(kept, r)
	}
	var unsynced *aside.UnsyncedError
	for _, p := range f.pending {
		unsynced = nil // both are in one folder: the last sync brings both names to the disk
		if err := p.Publish(); err != nil && !errors.As(err, &unsynced) {
			return back(err)
		}
	}
	for _, r := range kept {
		r.Drop()
	}
	if unsynced != nil {
		return unsynced
	}
	return nil
}

// Close removes what lies aside, if anything does.
func (f *File) Close() error {
	var errs []error
	for _, p := range f.pending {
		errs = append(errs, p.Cleanup())
	}
	return errors.Join(errs...)
}
