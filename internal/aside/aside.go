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
)

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
