// Package vectors keeps embeddings in files that other programs read:
//
//	Vectors{Space, Paths, Data [N,D]} → format by extension → file, whole or not at all → Vectors
//
// Formats are in Table, one per file. All of them keep float32 numbers bit for bit, the
// path of each image, and the id of the embedding space, without which numbers of two
// models would be compared. The package knows no model.
package vectors

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
)

// Vectors are embeddings of images.
type Vectors struct {
	Space string // id of the embedding space
	Dim   int    // D, at least 1
	// Distance is by which they are compared, "cosine": a store of vectors is told so. "" not known: only the file beside a
	// .npy says it.
	Distance string
	Paths    []string  // [N] of the images, as the data names them
	Data     []float32 // [N,D] row-major, finite
}

// Row returns the embedding [D] of image i.
func (v *Vectors) Row(i int) []float32 { return v.Data[i*v.Dim : (i+1)*v.Dim] }

// Format writes and reads files of one kind. What it reads is checked afterwards.
type Format struct {
	write  func(w io.Writer, v *Vectors) error
	read   func(r io.Reader, size int64) (*Vectors, error)
	beside bool // space and paths lie in a file of their own, see about
}

// Table lists every format by the extension of its files. A new format is a new file
// here and a new row.
var Table = named.Table[Format]{Kind: "vector format", Rows: map[string]named.Row[Format]{
	"csv":   csv,
	"jsonl": jsonl,
	"npy":   npy,
}}

// maxFile is the largest file of vectors that is read, in bytes.
const maxFile = 64 << 30

// Error says that a file of vectors cannot be used, and why.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("vectors %q: %v", e.Path, e.Err) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Named reports whether path has the extension of a format.
func Named(path string) bool {
	_, ok := Table.Rows[extension(path)]
	return ok
}

// extension returns what is behind the last dot, in lower case.
func extension(path string) string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(path), "."))
}

// formatOf returns the format of path. The error is a *named.UnknownError.
func formatOf(path string) (Format, error) {
	return Table.New(&named.Choice{Name: extension(path)})
}

// Read returns the vectors in a file. Errors are *Error, or *named.UnknownError for
// another extension.
func Read(path string) (*Vectors, error) {
	format, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	v, err := format.open(path)
	if err == nil {
		err = v.check()
	}
	if err != nil {
		var pathError *os.PathError // names the path a second time
		if errors.As(err, &pathError) && pathError.Path == path {
			err = pathError.Err
		}
		return nil, &Error{path, err}
	}
	return v, nil
}

func (f Format) open(path string) (*Vectors, error) {
	file, size, err := regular.Open(path, maxFile)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only
	v, err := f.read(file, size)
	if err == nil && f.beside {
		err = v.readAbout(path, size)
	}
	return v, err
}

// check reports what no file may hold.
func (v *Vectors) check() error {
	switch {
	case v.Dim < 1:
		return fmt.Errorf("embeddings of length %d", v.Dim)
	case len(v.Data) != len(v.Paths)*v.Dim:
		return fmt.Errorf("%d numbers for %d paths, want %d each", len(v.Data), len(v.Paths), v.Dim)
	case v.Space == "":
		return errors.New("no embedding space is named")
	}
	for i, x := range v.Data {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("the embedding of %q is not finite", v.Paths[i/v.Dim])
		}
	}
	return nil
}
