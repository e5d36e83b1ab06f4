//go:build !unix

package index

import (
	"errors"
	"fmt"
	"os"
)

// lock returns errors.ErrUnsupported, wrapped.
func lock(folder string) (func() error, error) {
	return nil, fmt.Errorf("change index %q on this system: %w", folder, errors.ErrUnsupported)
}

// openToWrite returns errors.ErrUnsupported, wrapped.
func openToWrite(path string) (*os.File, error) {
	return nil, fmt.Errorf("write %q on this system: %w", path, errors.ErrUnsupported)
}
