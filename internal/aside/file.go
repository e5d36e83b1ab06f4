//go:build !windows

package aside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"github.com/tfpair/tfpair/internal/regular"
)

// File is a file that is not there yet.
type File struct {
	*renameio.PendingFile
	path   string
	unused func() error // nil where f may replace anything
	done   bool         // f has its name
}

// New is Create where nothing is at path, or with overwrite a file; else the error is an
// *ExistsError. Callers ask before long work, and Publish asks again.
func New(path string, overwrite bool) (*File, error) {
	unused := func() error { return Unused(path, overwrite) }
	if err := unused(); err != nil {
		return nil, err
	}
	f, err := Create(path)
	if err == nil {
		f.unused = unused
	}
	return f, err
}

// Create makes a file aside for path. That it can be shows that path can be written to. The file
// gets the permissions of one that it replaces, else 0644 less the umask.
func Create(path string) (*File, error) {
	folder := filepath.Dir(path)
	sweep(folder, "."+filepath.Base(path))
	for {
		p, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithExistingPermissions(),
			renameio.WithTempDir(folder))
		if err != nil {
			return nil, refused(path, err)
		}
		if hold(p.File) {
			return &File{PendingFile: p, path: path}, nil
		}
		if err := p.Close(); err != nil { // another writer took it for a leftover in the moment before it was held
			return nil, errors.Join(err, p.Cleanup())
		}
	}
}

// refused returns why the file at path cannot be made, without the name under which it was to lie aside.
func refused(path string, err error) error {
	why := regular.Reason(err)
	if errors.Is(err, fs.ErrNotExist) {
		why = &noFolderError{filepath.Dir(path)}
	}
	return &fs.PathError{Op: "create", Path: path, Err: why}
}

// noFolderError says that the folder of a file is not there. It is fs.ErrNotExist.
type noFolderError struct{ path string }

func (e *noFolderError) Error() string { return fmt.Sprintf("there is no folder %q", e.path) }

func (e *noFolderError) Is(target error) bool { return target == fs.ErrNotExist }

// Publish brings f to the disk and gives it its name, over what was there. Errors are an
// *ExistsError where New found nothing there and now something is, and an *UnsyncedError where it
// has its name and the folder could not be synced.
func (f *File) Publish() error {
	if f.unused != nil {
		if err := f.unused(); err != nil {
			return err
		}
	}
	if err := Flush(f.File); err != nil { // CloseAtomicallyReplace would not wait as Flush does
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	f.done = true
	return published(f.path)
}

// Cleanup removes what lies aside, if anything does.
func (f *File) Cleanup() error {
	if f.done {
		return nil
	}
	if err := f.PendingFile.Cleanup(); !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}
