package aside

import (
	"errors"
	"fmt"
	"os"
)

// File is there so that programs compile: Windows has no rename that a crash leaves whole,
// and Create says so.
type File struct{ *os.File }

// Create returns errors.ErrUnsupported, wrapped.
func Create(path string) (*File, error) {
	return nil, fmt.Errorf("write %q whole or not at all on Windows: %w", path, errors.ErrUnsupported)
}

// New returns errors.ErrUnsupported, wrapped.
func New(path string, _ bool) (*File, error) { return Create(path) }

// Publish returns errors.ErrUnsupported.
func (*File) Publish() error { return errors.ErrUnsupported }

// Cleanup does nothing.
func (*File) Cleanup() error { return nil }
