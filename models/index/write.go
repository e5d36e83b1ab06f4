package index

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tfpair/tfpair/internal/aside"
)

// ExistsError says that something is in the way of an index.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return fmt.Sprintf("%q is there already", e.Path) }

// File is a file of an index that is not there yet.
type File struct {
	path      string
	overwrite bool
	pending   *aside.File
}

// Create makes sure that an index can be written to path, before the work of making
// it. Nothing is under that name, or what was there stays, until Write. Without
// overwrite the error is an *ExistsError where anything is there. The File must be closed.
func Create(path string, overwrite bool) (*File, error) {
	f := &File{path: path, overwrite: overwrite}
	if err := f.free(); err != nil {
		return nil, err
	}
	// Aside in the same folder: whether that can be written to shows now.
	var err error
	f.pending, err = aside.Create(path)
	return f, err
}

// free returns an *ExistsError if something is in the way.
func (f *File) free() error {
	info, err := os.Lstat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && f.overwrite && info.Mode().IsRegular():
		return nil
	case err != nil:
		return err
	}
	return &ExistsError{f.path}
}

// Write writes x, syncs it and gives it its name: all of that or nothing. Errors are
// *ExistsError where something took the name meanwhile, and the disk's.
func (f *File) Write(x *Index) error {
	if err := x.Encode(f.pending); err != nil {
		return fmt.Errorf("write index %q: %w", f.path, err)
	}
	if err := f.pending.Sync(); err != nil {
		return err
	}
	if err := f.free(); err != nil {
		return err
	}
	return f.pending.Publish()
}

// Close removes what lies aside, if anything does.
func (f *File) Close() error { return f.pending.Cleanup() }
