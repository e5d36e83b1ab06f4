package vectors

import (
	"bufio"
	"errors"
	"io/fs"
	"os"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
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

// publishPair gives both files their names. While old numbers are replaced, the file beside them is about
// the old and the new ones: readers of ours take what fits, and others find no paths there. So whatever
// stops the work leaves the old vectors or the new ones, and numbers never lie beside paths of others.
func (f *File) publishPair() error {
	description, numbers := f.pending[0], f.pending[1]
	if _, err := os.Lstat(f.path); errors.Is(err, fs.ErrNotExist) {
		err := description.Publish()
		var unsynced *aside.UnsyncedError // both are in one folder: the next sync brings both names to the disk
		if err != nil && !errors.As(err, &unsynced) {
			return err
		}
		if err := numbers.Publish(); err != nil && !errors.As(err, &unsynced) {
			return errors.Join(err, os.Remove(f.path+aboutExtension))
		} else if err != nil {
			return err
		}
		return nil
	}
	before, err := regular.ReadFile(f.path+aboutExtension, maxAbout)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	either, err := eitherOf(before, description.Name())
	if err != nil {
		return err
	}
	if err := aside.WriteFile(f.path+aboutExtension, either); err != nil {
		return errors.Join(err, restore(f.path+aboutExtension, before))
	}
	if err := numbers.Publish(); err != nil {
		if unsynced := (*aside.UnsyncedError)(nil); errors.As(err, &unsynced) {
			return err // which of the numbers a crash would leave is open, and what is beside them fits both
		}
		return errors.Join(err, restore(f.path+aboutExtension, before))
	}
	return description.Publish()
}

// restore makes data the contents of a file again; nil: nothing was there.
func restore(path string, data []byte) error {
	if data == nil {
		return os.Remove(path)
	}
	return aside.WriteFile(path, data)
}

// Close removes what lies aside, if anything does.
func (f *File) Close() error {
	var errs []error
	for _, p := range f.pending {
		errs = append(errs, p.Cleanup())
	}
	return errors.Join(errs...)
}
