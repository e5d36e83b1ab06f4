package vectors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/tfpair/tfpair/internal/named"
)

// jsonl has a JSON object per line, of one image each.
var jsonl = named.Row[Format]{
	Brief: "a JSON object per line: path, embedding_space, embedding",
	New: func(raw named.Raw) (Format, error) {
		return Format{write: writeJSONL, read: readJSONL}, named.Options(raw, &struct{}{})
	},
}

// maxLine is the longest line that is read, in bytes: embeddings of a hundred thousand
// numbers have shorter ones.
const maxLine = 4 << 20

// line is one image.
type line struct {
	Path      string    `json:"path"`
	Space     string    `json:"embedding_space"`
	Embedding []float32 `json:"embedding"`
	Rows      int       `json:"rows,omitempty"`  // of the file; 0 in files of earlier versions
	Sum       *uint32   `json:"crc32,omitempty"` // of the rest of the line, see sum; nil in files of earlier versions
}

// sum is the CRC-32 (IEEE) of a line's path, space, rows and numbers.
func (l line) sum() uint32 {
	h := crc32.NewIEEE()
	fmt.Fprintf(h, "%q %q %d ", l.Path, l.Space, l.Rows)
	_ = binary.Write(h, binary.LittleEndian, l.Embedding) // a hash takes all
	return h.Sum32()
}

func writeJSONL(w io.Writer, v *Vectors) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i, path := range v.Paths {
		l := line{Path: path, Space: v.Space, Embedding: v.Row(i), Rows: len(v.Paths)}
		sum := l.sum()
		l.Sum = &sum
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func readJSONL(r io.Reader, _ int64) (*Vectors, error) {
	v := &Vectors{}
	var first line
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	for s.Scan() {
		var l line
		err := json.Unmarshal(s.Bytes(), &l)
		if len(v.Paths) == 0 {
			first = l
		}
		if err == nil {
			err = l.check(first)
		}
		if err == nil {
			err = v.add(l)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(v.Paths)+1, err)
		}
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	if first.Rows > 0 && len(v.Paths) != first.Rows {
		return nil, fmt.Errorf("%d lines, and the first says that there are %d: the file was cut, or lines were "+
			"added; make it again, or take rows and crc32 out of every line", len(v.Paths), first.Rows)
	}
	return v, nil
}

// check tells whether a line is as it was written. Either all lines have checksums or none.
func (l line) check(first line) error {
	switch {
	case l.Rows != first.Rows || (l.Sum == nil) != (first.Sum == nil) || (l.Sum == nil) != (l.Rows == 0):
		return errors.New("its rows or crc32 are not as on the first line: the line is damaged, or of another file")
	case l.Sum != nil && *l.Sum != l.sum():
		return errors.New("its crc32 is not that of its path, space and numbers: the line is damaged; make the file again, " +
			"or take rows and crc32 out of every line if you changed it")
	}
	return nil
}

// add appends an image. The first one says what the space and D are.
func (v *Vectors) add(l line) error {
	if len(v.Paths) == 0 {
		v.Space, v.Dim = l.Space, len(l.Embedding)
	}
	switch {
	case l.Space != v.Space:
		return fmt.Errorf("embedding space %q, want %q as before", l.Space, v.Space)
	case len(l.Embedding) != v.Dim:
		return fmt.Errorf("%d numbers, want %d as before", len(l.Embedding), v.Dim)
	}
	v.Paths, v.Data = append(v.Paths, l.Path), append(v.Data, l.Embedding...)
	return nil
}
