//go:build !linux && !windows

package aside

import (
	"errors"
	"fmt"
)

// exchange returns errors.ErrUnsupported, wrapped.
func exchange(_, b string) error {
	return fmt.Errorf("put a folder in the place of the file %q on this system: %w; remove the file first", b, errors.ErrUnsupported)
}
