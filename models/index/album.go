package index

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/regular"
)

// castagnoli is the polynomial of all checksums of a folder: processors compute it. What is appended
// continues it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxPicture is the size of a picture in an index, in bytes, at most.
const maxPicture = 1 << 20

// album is the file of the pictures of a segment. It is opened for each picture.
type album struct {
	folder, name string
}

// read returns the picture at a place.
func (a *album) read(s slot) ([]byte, error) {
	path := filepath.Join(a.folder, a.name)
	file, size, err := regular.OpenIn(a.folder, a.name, maxFile)
	if err != nil {
		return nil, refused(path, err)
	}
	defer file.Close() // read only
	if s.at < 0 || s.bytes > maxPicture || s.at > size-s.bytes {
		return nil, refused(path, errors.New("it ends too early"))
	}
	data := make([]byte, s.bytes)
	if _, err := file.ReadAt(data, s.at); err != nil && !errors.Is(err, io.EOF) {
		return nil, refused(path, err)
	}
	if crc32.Checksum(data, castagnoli) != s.sum {
		return nil, refused(path, fmt.Errorf("the picture at byte %d is not as it was written: its checksum differs", s.at))
	}
	return data, nil
}
