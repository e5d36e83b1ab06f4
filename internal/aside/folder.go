//go:build !windows

package aside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is a folder that is not there yet.
type Folder struct {
	path string
	held *os.File
	done bool // it has its name, or is gone
}

// CreateFolder makes an empty folder aside in parent, whose name begins with prefix. Its
// permissions are 0755 less the umask. What killed writers left under that prefix goes.
func CreateFolder(parent, prefix string) (*Folder, error) {
	sweep(parent, prefix)
	for {
		path := freeName(parent, prefix)
		err := os.Mkdir(path, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		held, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another writer took it for a leftover in the moment before it was open
		}
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(path))
		}
		if hold(held) {
			return &Folder{path: path, held: held}, nil
		}
		_ = held.Close() // read only; another writer took the folder for a leftover
	}
}

// Path returns where the folder lies aside.
func (f *Folder) Path() string { return f.path }

// Publish brings all that is in f to the disk and renames it to path, where nothing or an empty
// folder may be. The error is an *UnsyncedError where it has its name and the folder around it
// could not be synced.
func (f *Folder) Publish(path string) error {
	if err := f.sync(); err != nil {
		return err
	}
	if err := os.Rename(f.path, path); err != nil {
		return err
	}
	f.done = true
	return errors.Join(f.held.Close(), published(path))
}

// Swap is Publish where a file is at path, which goes at the same moment.
func (f *Folder) Swap(path string) error {
	if err := f.sync(); err != nil {
		return err
	}
	if err := exchange(f.path, path); err != nil {
		return fmt.Errorf("put a folder in the place of %q: %w", path, err)
	}
	f.done = true
	return errors.Join(f.held.Close(), published(path), os.Remove(f.path)) // which is the file now
}

// sync brings all that is in f to the disk.
func (f *Folder) sync() error {
	return filepath.WalkDir(f.path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return Sync(path)
	})
}

// Cleanup removes what lies aside, if anything does.
func (f *Folder) Cleanup() error {
	if f.done {
		return nil
	}
	f.done = true
	return errors.Join(os.RemoveAll(f.path), f.held.Close())
}
