//go:build !linux

package copies

import (
	"io/fs"
	"os"

	"github.com/tfpair/tfpair/internal/aside"
)

// ownerOf returns -1: the system does not tell.
func ownerOf(fs.FileInfo) (owner, group int) { return -1, -1 }

// shared reports that a file may have another name: the system does not tell.
func shared(fs.FileInfo) bool { return true }

// rename gives what is at a path another, at which nothing may be.
func rename(from, to string) error {
	if err := aside.Unused(to, false); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// lock does nothing: the system has no lock that ends with a process.
func lock(*os.File) error { return nil }
