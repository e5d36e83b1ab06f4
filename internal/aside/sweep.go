//go:build !windows

package aside

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Sweep removes what killed writers have left aside for path.
func Sweep(path string) { sweep(filepath.Dir(path), "."+filepath.Base(path)) }

// sweep removes what killed writers left in a folder under names that are prefix and digits. What
// it cannot remove stays for the next one.
func sweep(folder, prefix string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // whoever writes there says why
	}
	for _, e := range entries {
		if e.IsDir() || e.Type().IsRegular() {
			if liesAside(e.Name(), prefix) {
				remove(filepath.Join(folder, e.Name()))
			}
		}
	}
}

// remove removes a leftover, unless a writer holds it.
func remove(path string) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close() // read only
	if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
		_ = os.RemoveAll(path) // the next one tries again
	}
}

// hold locks what lies aside until f is closed. It is false where a sweep was faster. A file
// system without locks has no sweeps either: they lock first.
func hold(f *os.File) bool {
	if errors.Is(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK) {
		return false
	}
	held, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(held, there)
}
