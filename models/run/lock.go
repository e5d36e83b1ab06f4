package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/regular"
)

// LockedError says that another process trains into the folder.
type LockedError struct {
	Path string
	PID  string // of that process, "" if it did not say
}

func (e *LockedError) Error() string {
	by := "another process"
	if e.PID != "" {
		by = "process " + e.PID
	}
	return fmt.Sprintf("run %q is being trained by %s", e.Path, by)
}

// LostLockError says that the file of the lock is no more the one that this process holds, so
// that another one may have begun to train into the folder.
type LostLockError struct{ Path string }

func (e *LostLockError) Error() string {
	return fmt.Sprintf("%q was removed or replaced while this process trains: another one may train into the same run now; "+
		"make sure that none does, and give the command again", e.Path)
}

// lock is a lock that is held.
type lock struct {
	file  *os.File
	made  bool // the file was not there before
	begun bool // the folder is being changed
}

// Lock makes this process the one that trains into the folder, until Close or its end, however it
// ends. It changes nothing in the folder but for a file of the lock, which Close takes away again
// where it was not there before and nothing was changed. The error is a *LockedError where
// another process trains.
func (f *Folder) Lock() error {
	path := filepath.Join(f.path, lockName)
	for {
		l, err := openLock(path)
		if err != nil {
			return fmt.Errorf("lock run: %w", err)
		}
		err = unix.Flock(int(l.file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil && !l.holds(path) { // its holder took the file away before it was locked
			err = l.file.Close()
			if err == nil {
				continue
			}
		}
		if err == nil {
			f.lock = l
			break
		}
		_ = l.file.Close() // nothing was written
		if errors.Is(err, unix.EWOULDBLOCK) {
			f.made = false // it is the other's by now
			return &LockedError{Path: f.path, PID: f.holder()}
		}
		return fmt.Errorf("lock run %q: %w", f.path, err)
	}
	if f.made {
		return f.begin()
	}
	return nil
}

// openLock opens the file of a lock, and makes it where it is missing. What is no regular file is
// not opened, and no link is followed: what it leads to would be overwritten.
func openLock(path string) (*lock, error) {
	info, err := os.Lstat(path)
	made := errors.Is(err, os.ErrNotExist)
	if err == nil {
		if err := regular.Check(info.Mode()); err != nil {
			return nil, fmt.Errorf("%q: %w", path, err)
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, err
	}
	return &lock{file: file, made: made}, nil
}

// holds reports whether the file that is locked is the one at path.
func (l *lock) holds(path string) bool {
	held, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(held, there)
}

// close gives the lock back.
func (l *lock) close() error {
	var errs []error
	if path := l.file.Name(); l.made && !l.begun && l.holds(path) {
		errs = append(errs, os.Remove(path))
	}
	return errors.Join(append(errs, l.file.Close())...)
}

// holder returns the number of the process that holds the lock, "" if it did not say.
func (f *Folder) holder() string {
	text, err := regular.ReadFileIn(f.path, lockName, maxText)
	if err != nil {
		return "" // only for the message
	}
	return strings.TrimSpace(string(text))
}

// begin prepares a locked folder for its first change: the lock says whose it is, and events end
// with a whole line. A folder that is not locked is changed as it is.
func (f *Folder) begin() error {
	l := f.lock
	if l == nil || l.begun {
		return nil
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("lock run: %w", err)
	}
	if _, err := l.file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("lock run: %w", err)
	}
	l.begun = true
	return f.mendEvents()
}

// CheckLock makes sure that the folder is still this process's alone. The error is a
// *LostLockError.
func (f *Folder) CheckLock() error {
	if path := filepath.Join(f.path, lockName); f.lock != nil && !f.lock.holds(path) {
		return &LostLockError{path}
	}
	return nil
}
