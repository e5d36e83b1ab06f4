package aside

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Kept is what a name stood for, under a second name, until it is known whether what takes its place
// stays. It is for files that appear one after the other and mean nothing alone. A kill leaves the second
// name to the next writer of the first, which sweeps it.
type Kept struct {
	path string
	away string // its second name; "": nothing was there
}

// Keep gives the file at path a second name, if one is there. A folder is an error.
func Keep(path string) (*Kept, error) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%q is a folder, want a file or nothing", path)
	}
	away := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s%019d", filepath.Base(path), rand.Int64()))
	err := os.Link(path, away)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) { // a disk without links
		err = os.Rename(path, away)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &Kept{path: path}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Kept{path, away}, nil
}

// Back makes path what it was before, over what is there now.
func (r *Kept) Back() error {
	if r.away != "" {
		err := os.Rename(r.away, r.path)
		r.Drop() // a rename of two names of one file does nothing
		return err
	}
	if err := os.Remove(r.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Drop removes what was there before. What cannot be removed stays for the next writer.
func (r *Kept) Drop() {
	if r.away != "" {
		_ = os.Remove(r.away)
	}
}
