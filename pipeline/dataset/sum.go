package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// SHA256 returns the checksum, in hexadecimal, of the file of an image.
func (d *Dataset) SHA256(image int32) (sum string, err error) {
	file, err := d.Root.Open(d.Images[image].Path)
	if err != nil {
		return "", &Error{"images", d.Name, err}
	}
	defer file.Close() // read only
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", fmt.Errorf("read %q: %w", d.Images[image].Path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
