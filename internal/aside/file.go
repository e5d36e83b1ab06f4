//go:build !windows

package aside

import (
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
