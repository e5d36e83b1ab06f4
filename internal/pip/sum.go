package pip

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/regular"
)

// maxFile is the largest file that is read, in bytes: each wheel of TensorFlow and of CUDA is smaller.
const maxFile = 4 << 30

// Sum returns the SHA-256 of a file, hexadecimal, by which what was downloaded is checked, and
// its size.
func Sum(path string) (digest string, size int64, err error) {
	f, _, err := regular.Open(path, maxFile)
	if err != nil {
		return "", 0, err
	}
	defer f.Close() // read only
	if digest, size, err = regular.SHA256(f); err != nil {
		return "", 0, fmt.Errorf("read %q: %w", path, err)
	}
	return digest, size, nil
}
