// Package aside writes files that appear whole or not at all:
//
//	path → Create → written aside, in the same folder → Publish: synced, renamed, the folder synced
//
// Whether something may be replaced its callers decide.
package aside

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// File is a file that is not there yet. Cleanup removes what lies aside, if anything does.
type File struct {
	*renameio.PendingFile
	path string
}

// Create makes a file aside for path. That it can be shows that path can be written to.
func Create(path string) (*File, error) {
	p, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644),
		renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return nil, err
	}
	return &File{p, path}, nil
}

// Publish brings f to the disk and gives it its name, over what was there.
func (f *File) Publish() error {
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return Sync(filepath.Dir(f.path))
}

// WriteFile makes data the contents of the file at path.
func WriteFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Cleanup())
	}
	return errors.Join(f.Publish(), f.Cleanup())
}

// Free reports whether nothing is at path.
func Free(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

// Sync makes the contents of one file or folder survive a crash.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
