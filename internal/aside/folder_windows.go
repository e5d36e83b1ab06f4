package aside

import (
	"errors"
	"fmt"
)

// Folder is there so that programs compile: see File.
type Folder struct{}

// CreateFolder returns errors.ErrUnsupported, wrapped.
func CreateFolder(parent, _ string) (*Folder, error) {
	return nil, fmt.Errorf("make a folder in %q whole or not at all on Windows: %w", parent, errors.ErrUnsupported)
}

// Path returns "".
func (*Folder) Path() string { return "" }

// Publish returns errors.ErrUnsupported.
func (*Folder) Publish(string) error { return errors.ErrUnsupported }

// Swap returns errors.ErrUnsupported.
func (*Folder) Swap(string) error { return errors.ErrUnsupported }

// Cleanup does nothing.
func (*Folder) Cleanup() error { return nil }

// Sweep does nothing.
func Sweep(string) {}
