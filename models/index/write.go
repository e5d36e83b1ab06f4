package index

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/aside"
)

// ExistsError says that something is in the way of an index.
type ExistsError = aside.ExistsError

// File is a file of an index that is not there yet.
type File struct {
	path    string
	pending *aside.File
}

// Create makes sure that an index can be written to path, before the work of making
// it. Nothing is under that name, or what was there stays, until Write. Without
// overwrite the error is an *ExistsError where anything is there. The File must be closed.
func Create(path string, overwrite bool) (*File, error) {
	// Aside in the same folder: whether that can be written to shows now.
	pending, err := aside.New(path, overwrite)
	if err != nil {
		return nil, err
	}
	return &File{path, pending}, nil
}

// Write writes x, syncs it and gives it its name: all of that or nothing. Errors are
// *ExistsError where something took the name meanwhile, and the disk's.
func (f *File) Write(x *Index) error {
	if err := x.Encode(f.pending); err != nil {
		return fmt.Errorf("write index %q: %w", f.path, err)
	}
	return f.pending.Publish()
}

// Close removes what lies aside, if anything does.
func (f *File) Close() error { return f.pending.Cleanup() }
