package regular

import (
	"io/fs"
	"syscall"
)

// EntryOf returns the entry of a file, the zero Entry where it is not on a disk, as in an archive.
func EntryOf(info fs.FileInfo) Entry {
	of, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Entry{}
	}
	return Entry{of.Dev, of.Ino, of.Ctim.Nano()}
}
