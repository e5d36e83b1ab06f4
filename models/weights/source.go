package weights

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tfpair/tfpair/internal/regular"
)

// source is an open file of unknown format.
type source struct {
	path    string
	r       io.ReaderAt
	size    int64
	head    []byte      // the first bytes, at most headBytes
	archive *zip.Reader // nil where it is no zip archive
}

const headBytes = 64

// newSource looks at the first bytes of r, and at the members where it is a zip archive.
func newSource(path string, r io.ReaderAt, size int64) (*source, error) {
	if size > maxBytes {
		return nil, fmt.Errorf("%d bytes, limit %d", size, int64(maxBytes))
	}
	s := &source{path: path, r: r, size: size, head: make([]byte, min(size, headBytes))}
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), s.head); err != nil {
		return nil, err
	}
	if !s.begins("PK\x03\x04") {
		return s, nil
	}
	var err error
	if s.archive, err = zip.NewReader(r, size); err != nil {
		return nil, fmt.Errorf("a zip archive, as torch.save and Keras write, cut off or damaged: %w", err)
	}
	if n := len(s.archive.File); n > maxMembers {
		return nil, fmt.Errorf("a zip archive of %d members, limit %d", n, maxMembers)
	}
	return s, nil
}

func (s *source) begins(magic string) bool { return strings.HasPrefix(string(s.head), magic) }

// member returns the member of the archive of this name, in whatever folder of the
// top level it lies, nil if there is none.
func (s *source) member(name string) *zip.File {
	if s.archive == nil {
		return nil
	}
	for _, f := range s.archive.File {
		if f.Name == name {
			return f
		}
		if folder, base, ok := strings.Cut(f.Name, "/"); ok && folder != "" && base == name {
			return f
		}
	}
	return nil
}

// place returns where the bytes of a member lie in the file. Only members that are stored
// as they are have such a place; torch.save writes no others, and a small
// file cannot claim to hold a large one.
func (s *source) place(f *zip.File) (at, size int64, err error) {
	if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
		return 0, 0, fmt.Errorf("member %q is compressed, which torch.save never does", f.Name)
	}
	if at, err = f.DataOffset(); err != nil {
		return 0, 0, fmt.Errorf("member %q: %w", f.Name, err)
	}
	if f.UncompressedSize64 > uint64(s.size) || at > s.size-int64(f.UncompressedSize64) {
		return 0, 0, fmt.Errorf("member %q of %d bytes goes beyond the end of the file", f.Name,
			f.UncompressedSize64)
	}
	return at, int64(f.UncompressedSize64), nil
}

// bytes returns n bytes from at on. What is beyond the end is refused before memory is
// taken for it.
func (s *source) bytes(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || n > s.size || at > s.size-n {
		return nil, fmt.Errorf("it ends early: %d bytes at %d are wanted, and it has %d", n, at, s.size)
	}
	data := make([]byte, n)
	_, err := s.r.ReadAt(data, at)
	if errors.Is(err, io.EOF) {
		err = nil // ReadAt may say so after the last byte; less than n is another error here
	}
	return data, err
}

// wrap makes err, from the reader of the given format, an *Error, unless it is one that
// says the path already.
func (s *source) wrap(format string, err error) error {
	var missing *NoHDF5Error
	if errors.As(err, &missing) {
		return err
	}
	return refuse(s.path, format+": "+err.Error())
}

func checksum(r io.ReaderAt, size int64) (string, error) {
	sum, _, err := regular.SHA256(io.NewSectionReader(r, 0, size))
	if err != nil {
		return "", err
	}
	return sum, nil
}
