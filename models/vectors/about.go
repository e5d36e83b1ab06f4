package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/models/distance"
)

// aboutExtension is what the name of the file beside one of numbers alone ends in:
// vectors.npy.json.
const aboutExtension = ".json"

// maxAbout is the largest file of paths that is read, in bytes.
const maxAbout = 1 << 30

// about is the file beside one that holds numbers alone.
type about struct {
	Space    string   `json:"embedding_space,omitempty"`
	Distance string   `json:"distance,omitempty"` // of Vectors; "" in files of earlier versions
	Count    int      `json:"count,omitempty"`    // N
	Dim      int      `json:"dim,omitempty"`      // D
	Paths    []string `json:"paths,omitempty"`    // [N]
	Bytes    int64    `json:"bytes,omitempty"`    // of the file of numbers
	// Checksum is that of Vectors.sum; "" in files of earlier versions, which had none.
	Checksum string `json:"checksum,omitempty"`
	// Either are the files of which one is beside the numbers while these are being replaced: the new
	// one, then the old one. All other fields are empty then.
	Either []about `json:"either,omitempty"`
}

// writeAbout writes what stands beside the numbers, which have been written to file.
func (v *Vectors) writeAbout(w io.Writer, file interface{ Stat() (fs.FileInfo, error) }) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(about{Space: v.Space, Distance: v.Distance, Count: len(v.Paths), Dim: v.Dim, Paths: v.Paths, Bytes: info.Size(), Checksum: v.sum()})
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
	a, err := decodeAbout(file)
	if err != nil {
		return fmt.Errorf("%q: %w", path+aboutExtension, err)
	}
	if len(a.Either) == 0 {
		return v.take(a, path, size)
	}
	for _, one := range a.Either {
		if err = v.take(one, path, size); err == nil {
			return nil
		}
	}
	return err
}

// take adds to numbers at path, a file of so many bytes, what a says if it is about them.
func (v *Vectors) take(a about, path string, size int64) error {
	if a.Dim != v.Dim || a.Count*a.Dim != len(v.Data) || len(a.Paths) != a.Count {
		return fmt.Errorf("%q is of %d vectors of length %d, and beside it are others",
			path+aboutExtension, a.Count, a.Dim)
	}
	if a.Bytes != size {
		return fmt.Errorf("%q is of a file of %d bytes, and beside it is one of %d: they do not belong together",
			path+aboutExtension, a.Bytes, size)
	}
	v.Space, v.Distance, v.Paths = a.Space, a.Distance, a.Paths
	if a.Checksum == v.sum() {
		return nil
	}
	if a.Checksum != "" && a.Checksum != v.earlierSum() {
		return fmt.Errorf("the checksum in %q is not that of these numbers, their paths, space and distance: one of the two files "+
			"is damaged; make them again", path+aboutExtension)
	}
	if a.Distance == "" {
		return nil
	}
	// No checksum covers the name of the distance. That of a program's own distance cannot be told from a damaged one.
	if _, err := distance.ByName(a.Distance); err != nil {
		return fmt.Errorf("%q has no checksum of its distance: %w; if the file is damaged, make both files again", path+aboutExtension, err)
	}
	return nil
}

// eitherOf returns a file that is about numbers of which the file before is, and about those of which the file
// at path is. What cannot be read of the first is left out: nothing was beside its numbers.
func eitherOf(before []byte, path string) ([]byte, error) {
	text, err := regular.ReadFile(path, maxAbout)
	if err != nil {
		return nil, err
	}
	after, err := decodeAbout(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	both := about{Either: []about{after}}
	if old, err := decodeAbout(bytes.NewReader(before)); err == nil {
		if len(old.Either) == 0 {
			old.Either = []about{old}
		}
		both.Either = append(both.Either, old.Either...)
	}
	return json.Marshal(both)
}

// decodeAbout reads what stands beside numbers, and nothing else.
func decodeAbout(r io.Reader) (a about, err error) {
	d := json.NewDecoder(io.LimitReader(r, maxAbout))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		return a, err
	}
	if _, err := d.Token(); err != io.EOF {
		return a, errors.New("there is more behind its end")
	}
	return a, nil
}

// orphaned reports whether what a kill left of path is there without the numbers: a file of ours
// that is about numbers which are not there.
func orphaned(path string) bool {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	file, _, err := regular.Open(path+aboutExtension, maxAbout)
	if err != nil {
		return false
	}
	defer file.Close() // read only
	a, err := decodeAbout(file)
	return err == nil && (a.Space != "" && a.Bytes > 0 || len(a.Either) > 0)
}

// sum is the SHA-256, in hexadecimal, of the space, the distance where it is known, the paths and the numbers.
func (v *Vectors) sum() string {
	begin := fmt.Sprintf("%q %d", v.Space, v.Dim)
	if v.Distance != "" {
		begin += fmt.Sprintf(" by %q", v.Distance)
	}
	return v.sumFrom(begin)
}

// earlierSum is the checksum of earlier versions: that without the distance.
func (v *Vectors) earlierSum() string { return v.sumFrom(fmt.Sprintf("%q %d", v.Space, v.Dim)) }

// sumFrom is the SHA-256 of a beginning, the paths and the numbers.
func (v *Vectors) sumFrom(begin string) string {
	h := sha256.New()
	_, _ = io.WriteString(h, begin) // a hash takes all
	for i, path := range v.Paths {
		fmt.Fprintf(h, " %q", path)
		_ = binary.Write(h, binary.LittleEndian, v.Row(i))
	}
	return hex.EncodeToString(h.Sum(nil))
}
