//go:build unix

package copies

import (
	"io/fs"
	"syscall"
)

// number returns the number of a file on its disk, 0 where it has none.
func number(info fs.FileInfo) uint64 {
	if of, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(of.Ino)
	}
	return 0
}
