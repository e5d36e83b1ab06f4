//go:build !linux

package pipeline

import (
	"errors"
	"os"
)

// openUnnamed fails: see the one for Linux.
func openUnnamed(string) (*os.File, error) { return nil, errors.ErrUnsupported }
