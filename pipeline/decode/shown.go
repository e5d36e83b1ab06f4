package decode

import (
	"errors"
	"image"
	"io/fs"

	"github.com/tfpair/tfpair/internal/regular"
)

// Shown returns the picture at path for a place that may stay empty: nil where the file cannot be read or is no
// picture, and then why. The error, an *ImageError, says that nothing is wrong with the file: the machine has no
// more of something.
func Shown(fsys fs.FS, path string) (picture image.Image, why string, err error) {
	img, err := Open(fsys, path, DefaultLimits)
	switch of := (*ImageError)(nil); {
	case err == nil:
		return img, "", nil
	case regular.Exhausted(err):
		return nil, "", err
	case errors.As(err, &of):
		return nil, of.Err.Error(), nil
	}
	return nil, err.Error(), nil
}
