package copies

import (
	"archive/zip"
	"io/fs"

	"github.com/tfpair/tfpair/internal/regular"
)

// Stamp changes when a file does. It tells so without reading the file.
type Stamp struct {
	Size     int64  // bytes
	Modified int64  // nanoseconds since 1970, UTC
	Number   uint64 // of the file on its disk, or its CRC-32 in an archive; 0 where there is neither
	Changed  int64  // when its entry on the disk did, which no program sets back; as Modified; 0 where it is not known
}

func stampOf(info fs.FileInfo) Stamp {
	entry := regular.EntryOf(info)
	s := Stamp{Size: info.Size(), Modified: info.ModTime().UnixNano(), Number: entry.Number, Changed: entry.Changed}
	if of, ok := info.Sys().(*zip.FileHeader); ok {
		s.Number = uint64(of.CRC32)
	}
	return s
}

// one reports whether two stamps are of one file under two names.
func (s Stamp) one(t Stamp) bool { return s == t && s.Changed != 0 }
