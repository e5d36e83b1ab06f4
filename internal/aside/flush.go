package aside

import (
	"errors"
	"os"
)

// Sync makes the contents of one file or folder survive a crash.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(Flush(f), f.Close())
}
