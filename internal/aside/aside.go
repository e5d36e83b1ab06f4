// Package aside writes files and folders that appear whole or not at all:
//
//	path → Create → written aside, in the same folder → Publish: synced, renamed, the folder synced
//
// Whether something may be replaced its callers decide, and New and Unused refuse. What a killed
// writer left aside is swept by the next one of the same name: whoever writes holds a lock on what
// lies aside, and what nobody holds is a leftover.
package aside

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// UnsyncedError says that something is whole under its name, but that its folder could not be
// synced: a power cut may bring back what was there before.
type UnsyncedError struct {
	Path string
	Err  error
}

func (e *UnsyncedError) Error() string {
	return fmt.Sprintf("%q is written, but its folder could not be synced, so that a power cut may undo it: %v", e.Path, e.Err)
}

// Unwrap returns the error of the disk.
func (e *UnsyncedError) Unwrap() error { return e.Err }

// WriteFile makes data the contents of the file at path.
func WriteFile(path string, data []byte) error {
	return Write(path, func(to io.Writer) error {
		_, err := to.Write(data)
		return err
	})
}

// Write makes what write writes the contents of the file at path.
func Write(path string, write func(to io.Writer) error) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Cleanup())
	}
	return errors.Join(f.Publish(), f.Cleanup())
}

// ExistsError says that something is in the way of a file.
type ExistsError struct {
	Path string
	Kept string // why it stays whatever the caller says, such as "it is no index"; "": it may be replaced
}

func (e *ExistsError) Error() string {
	text := fmt.Sprintf("%q is there already", e.Path)
	if e.Kept != "" {
		text += ": " + e.Kept + ", and is not replaced"
	}
	return text
}

// Unused returns an *ExistsError if anything is at path. With overwrite a file may be there.
func Unused(path string, overwrite bool) error {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist), err == nil && overwrite && info.Mode().IsRegular():
		return nil
	case err != nil:
		return err
	}
	e := &ExistsError{Path: path}
	if overwrite {
		e.Kept = "it is no file"
	}
	return e
}

// MkdirAll makes the folder at path, and those around it. Those that it makes survive a crash. It
// makes all of them or none.
func MkdirAll(path string) (err error) {
	var missing []string // the innermost first
	for at := filepath.Clean(path); at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing = append(missing, at)
	}
	defer func() {
		if err != nil {
			for _, folder := range missing {
				_ = os.Remove(folder) // one that somebody has put something into stays
			}
		}
	}()
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	for _, folder := range missing {
		if err := Sync(filepath.Dir(folder)); err != nil {
			return fmt.Errorf("make folder %q: %w", path, err)
		}
	}
	return nil
}

// published syncs the folder in which something has got the name path.
func published(path string) error {
	if err := Sync(filepath.Dir(path)); err != nil {
		return &UnsyncedError{path, err}
	}
	return nil
}

// digits is how many digits, at least, follow the prefix of a name that lies aside. People's own
// names end in fewer.
const digits = 12

// Pending reports whether name is one under which a file called base lies aside, or was left by a killed writer.
func Pending(name, base string) bool { return liesAside(name, "."+base) }

// liesAside reports whether name is prefix and digits.
func liesAside(name, prefix string) bool {
	number, ok := strings.CutPrefix(name, prefix)
	return ok && len(number) >= digits && strings.Trim(number, "0123456789") == ""
}
