package sheet

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"github.com/tfpair/tfpair/internal/aside"
)

// Write writes img as a PNG file at path, whole or not at all, over what was there.
// Equal images give equal bytes.
func Write(path string, img image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return fmt.Errorf("encode %q: %w", path, err)
	}
	return aside.WriteFile(path, b.Bytes())
}
