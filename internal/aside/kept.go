package aside

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Kept is what a name stood for, aside until it is known whether what takes its place stays. It is for
// files that appear one after the other and mean nothing alone: while one of them is new, no old one is
// there. A kill leaves what lies aside to the next writer of that name, which sweeps it.
type Kept struct {
	path string
	away string // where it lies; "": nothing was there
}

// Keep renames the file at path aside, if one is there. A folder is an error.
func Keep(path string) (*Kept, error) {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%q is a folder, want a file or nothing", path)
	}
	away := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s%019d", filepath.Base(path), rand.Int64()))
	err := os.Rename(path, away)
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
		return os.Rename(r.away, r.path)
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
