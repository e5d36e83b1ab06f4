package kept

import (
	"io/fs"

	"github.com/tfpair/tfpair/internal/regular"
)

// Stamp changes when a file on the disk does. It tells so without reading the file.
type Stamp struct {
	Device, Number uint64 // of the file on its disk
	Size           int64  // bytes
	Modified       int64  // nanoseconds since 1970, UTC
	Changed        int64  // when its entry on the disk did, which no program sets back; likewise; 0 where it is not known
}

// StampOf returns the stamp of a file; it tells nothing where the file is not on a disk, as in an archive.
func StampOf(fsys fs.FS, path string) Stamp {
	info, err := fs.Stat(fsys, path)
	if err != nil || !info.Mode().IsRegular() {
		return Stamp{}
	}
	entry := regular.EntryOf(info)
	if entry == (regular.Entry{}) {
		return Stamp{}
	}
	return Stamp{Device: entry.Device, Number: entry.Number, Size: info.Size(), Modified: info.ModTime().UnixNano(), Changed: entry.Changed}
}

// tells reports whether files with this stamp are the same file with the same contents.
func (s Stamp) tells() bool { return s.Changed != 0 }
