//go:build !windows

package aside

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// CreateTemp makes an empty file aside in a folder, whose name begins with prefix and which nobody else may read.
// It is a leftover once it is closed. What killed writers left under that prefix goes.
func CreateTemp(folder, prefix string) (*os.File, error) {
	sweep(folder, prefix)
	for {
		f, err := os.OpenFile(freeName(folder, prefix), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if hold(f) {
			return f, nil
		}
		_ = f.Close() // empty; another writer took it for a leftover
	}
}

// freeName returns the path of something that lies aside in a folder, most likely a new one.
func freeName(folder, prefix string) string {
	return filepath.Join(folder, fmt.Sprintf("%s%019d", prefix, rand.Int64()))
}
