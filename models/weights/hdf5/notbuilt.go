//go:build !hdf5 || !cgo

package hdf5

import (
	"errors"
	"io"
)

// Built says that the program lacks the reader: that takes the build tag hdf5.
const Built = false

// Read returns errors.ErrUnsupported.
func Read(string, io.ReaderAt, Want) (*Contents, error) { return nil, errors.ErrUnsupported }
