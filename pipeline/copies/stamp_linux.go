package copies

import (
	"io/fs"
	"syscall"
)

// inode returns the number of a file on its disk and when that entry changed, in nanoseconds since 1970,
// UTC; zeros where there is none.
func inode(info fs.FileInfo) (number uint64, changed int64) {
	if of, ok := info.Sys().(*syscall.Stat_t); ok {
		return of.Ino, of.Ctim.Nano()
	}
	return 0, 0
}

// ownerOf returns the numbers of the user and the group that a file belongs to.
func ownerOf(info fs.FileInfo) (owner, group int) {
	if of, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(of.Uid), int(of.Gid)
	}
	return -1, -1
}
