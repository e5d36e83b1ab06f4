package sheet

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"github.com/tfpair/tfpair/internal/aside"
)

// ExistsError says that a file is in the way of a sheet.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return fmt.Sprintf("%q exists", e.Path) }

// Unused returns an *ExistsError if there is anything at path. Callers ask before
// long work, so that it is not done for nothing.
func Unused(path string) error {
	if free, err := aside.Free(path); free || err != nil {
		return err
	}
	return &ExistsError{path}
}

// Write writes img as a PNG file at path, whole or not at all, over what was there.
// Equal images give equal bytes.
func Write(path string, img image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return fmt.Errorf("encode %q: %w", path, err)
	}
	return aside.WriteFile(path, b.Bytes())
}
