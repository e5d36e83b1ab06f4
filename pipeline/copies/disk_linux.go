package copies

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/aside"
)

// ownerOf returns the numbers of the user and the group that a file belongs to.
func ownerOf(info fs.FileInfo) (owner, group int) {
	if of, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(of.Uid), int(of.Gid)
	}
	return -1, -1
}

// shared reports whether a file has another name.
func shared(info fs.FileInfo) bool {
	of, ok := info.Sys().(*syscall.Stat_t)
	return ok && of.Nlink > 1
}

// rename gives what is at a path another, at which nothing may be: not even for a moment.
func rename(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	switch {
	case errors.Is(err, unix.EEXIST):
		return &aside.ExistsError{Path: to}
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS): // the file system cannot tell
		if err := aside.Unused(to, false); err != nil {
			return err
		}
		return os.Rename(from, to)
	case err != nil:
		return &os.LinkError{Op: "move", Old: from, New: to, Err: err}
	}
	return nil
}

// lock keeps other processes from a list. It ends with the file.
func lock(f *os.File) error {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return &fs.PathError{Op: "lock", Path: f.Name(), Err: errors.New("another tfpair is at work on it")}
	}
	return nil
}
