//go:build unix

package index

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a change waits for another program's.
const patience = 10 * time.Second

// lock makes this program the only one that changes the folder, until release is called.
func lock(folder string) (release func() error, err error) {
	path := filepath.Join(folder, lockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		switch err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case err == nil:
			return file.Close, nil
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR):
			return nil, errors.Join(fmt.Errorf("lock %q: %w", path, err), file.Close())
		case time.Since(began) > patience:
			return nil, errors.Join(&BusyError{folder}, file.Close())
		}
	}
}

// openToWrite opens a file of a folder, or makes it. A pipe is not waited for, and a link not followed.
func openToWrite(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
}
