package vectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tfpair/tfpair/internal/regular"
)

// aboutExtension is what the name of the file beside one of numbers alone ends in:
// vectors.npy.json.
const aboutExtension = ".json"

// maxAbout is the largest file of paths that is read, in bytes.
const maxAbout = 1 << 30

// about is the file beside one that holds numbers alone.
type about struct {
	Space string   `json:"embedding_space"`
	Count int      `json:"count"` // N
	Dim   int      `json:"dim"`   // D
	Paths []string `json:"paths"` // [N]
	Bytes int64    `json:"bytes"` // of the file of numbers
}

// writeAbout writes what stands beside the numbers, which have been written to file.
func (v *Vectors) writeAbout(w io.Writer, file interface{ Stat() (fs.FileInfo, error) }) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(about{v.Space, len(v.Paths), v.Dim, v.Paths, info.Size()})
}

// readAbout adds to numbers at path, a file of so many bytes, what stands beside them.
func (v *Vectors) readAbout(path string, size int64) error {
	file, _, err := regular.Open(path+aboutExtension, maxAbout)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%q, which says of which embedding space they are, is missing", path+aboutExtension)
	}
	if err != nil {
		return err
	}
	defer file.Close() // read only
	var a about
	if err := json.NewDecoder(io.LimitReader(file, maxAbout)).Decode(&a); err != nil {
		return fmt.Errorf("%q: %w", path+aboutExtension, err)
	}
	if a.Dim != v.Dim || a.Count*a.Dim != len(v.Data) {
		return fmt.Errorf("%q is of %d vectors of length %d, and beside it are others",
			path+aboutExtension, a.Count, a.Dim)
	}
	if a.Bytes != size {
		return fmt.Errorf("%q is of a file of %d bytes, and beside it is one of %d: they do not belong together",
			path+aboutExtension, a.Bytes, size)
	}
	v.Space, v.Paths = a.Space, a.Paths
	return nil
}
