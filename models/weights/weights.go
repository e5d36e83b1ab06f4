// Package weights imports pretrained weights from the files people have:
//
//	file → Format by its content → File, names as they are → Layout by its names → canonical tensors
//
// Files are read as data: nothing in them is executed, and every size they claim is
// checked before memory is taken for it. It knows no graph: the names and shapes that a
// network wants are an argument.
package weights

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/internal/tensor"
)

// Tensor is a named array of float32.
type Tensor = tensor.Named

// File is what a file of weights holds, under the names it has there.
type File struct {
	Path     string
	Bytes    int64
	SHA256   string            // of the file, hexadecimal
	Format   string            // Name in Table
	Tensors  []Tensor          // sorted by name
	Layers   map[string]string // Keras 3: a layer's own name by its group, "layers/conv2d_1"; else nil
	Metadata map[string]string // safetensors: what its writer says about it; else nil

	wholes map[string]string // type of each tensor whose numbers are no floating-point ones, by name
}

// Format is a kind of file.
type Format struct {
	Name  string
	Brief string // what writes it
	is    func(*source) bool
	read  func(*source) (*File, error) // Tensors, and what else the format knows
}

// Table lists every format. A new one is a new file here and a new row.
var Table = []Format{
	safetensorsFormat,
	pytorchFormat,
	pytorchLegacyFormat,
	hdf5Format,
	kerasFormat,
}

// Limits on what a file may hold, each well above what the largest network here needs.
const (
	maxBytes    = 4 << 30  // of a file
	maxTensors  = 10_000   // ResNet50 has 320
	maxElements = 1 << 28  // of all tensors: a gigabyte of float32
	maxRank     = 8        // of a tensor
	maxHeader   = 16 << 20 // bytes of a safetensors header or a pickle
	maxMembers  = 20_000   // of a zip archive
)

// Error says what is wrong with a file of weights.
type Error struct {
	Path     string
	Problems []string
	Err      error // of the disk; nil where it is the content that is wrong
}

func (e *Error) Error() string {
	return fmt.Sprintf("weights %q: %s", e.Path, strings.Join(e.Problems, "; "))
}

// Unwrap returns the error of the disk.
func (e *Error) Unwrap() error { return e.Err }

// refuse returns an *Error of the file at path.
func refuse(path string, problems ...string) error { return &Error{Path: path, Problems: problems} }

// failed returns an *Error of the disk, which names the path once.
func failed(path string, err error) error {
	problem := err
	var of *fs.PathError
	if errors.As(err, &of) && of.Path == path {
		problem = of.Err
	}
	return &Error{Path: path, Problems: []string{problem.Error()}, Err: err}
}

// Read reads the file at path, in whatever format of Table it is. The error is an *Error
// or a *NoHDF5Error.
func Read(path string) (*File, error) {
	disk, size, err := regular.Open(path, maxBytes)
	if err != nil {
		return nil, failed(path, err)
	}
	defer disk.Close() // read only
	f, err := read(path, disk, size)
	if err != nil {
		return nil, err
	}
	if f.SHA256, err = checksum(disk, size); err != nil {
		return nil, failed(path, err)
	}
	return f, nil
}

// read reads the size bytes of r. The path is that of messages and of readers that open
// it themselves.
func read(path string, r io.ReaderAt, size int64) (*File, error) {
	s, err := newSource(path, r, size)
	if err != nil {
		return nil, refuse(path, err.Error())
	}
	for _, format := range Table {
		if !format.is(s) {
			continue
		}
		f, err := format.read(s)
		if err == nil {
			err = f.check()
		}
		if err != nil {
			return nil, s.wrap(format.Name, err)
		}
		f.Path, f.Bytes, f.Format = path, size, format.Name
		return f, nil
	}
	return nil, refuse(path, "its content is of no known format (known: "+known()+")")
}

func known() string {
	var list []string
	for _, f := range Table {
		list = append(list, f.Name+", "+f.Brief)
	}
	return strings.Join(list, "; ")
}

// check sorts the tensors and makes sure that they are some, named apart, and as large
// as their shapes say.
func (f *File) check() error {
	if len(f.Tensors) == 0 {
		return fmt.Errorf("it holds no tensors")
	}
	slices.SortFunc(f.Tensors, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })
	for i, t := range f.Tensors {
		if i > 0 && t.Name == f.Tensors[i-1].Name {
			return fmt.Errorf("tensor %q is there twice", t.Name)
		}
		if n, err := elements(t.Shape); err != nil || n != int64(len(t.Data)) {
			return fmt.Errorf("tensor %q of shape %v has %d elements", t.Name, t.Shape, len(t.Data))
		}
	}
	return nil
}

// add adds a tensor that was read as elements of a type.
func (f *File) add(t Tensor, of element) {
	f.Tensors = append(f.Tensors, t)
	if of.isFloat() {
		return
	}
	if f.wholes == nil {
		f.wholes = map[string]string{}
	}
	f.wholes[t.Name] = of.name
}

// CheckTypes refuses integers and bools among the tensors of a file whose network is not
// known: any that is more than a counter may be a weight. Import asks about the network's.
// The error is an *Error.
func (f *File) CheckTypes() error {
	var names []string
	for _, t := range f.Tensors {
		if len(t.Data) > 1 {
			names = append(names, t.Name)
		}
	}
	if problem := f.scaleless(names); problem != "" {
		return f.refuse(problem)
	}
	return nil
}

// scaleless says which of the named tensors cannot be weights for their type, "" if all can.
func (f *File) scaleless(names []string) string {
	var found []string
	for _, name := range names {
		if kind := f.wholes[name]; kind != "" {
			found = append(found, fmt.Sprintf("%q (%s)", name, kind))
		}
	}
	if found == nil {
		return ""
	}
	return fmt.Sprintf("%s of integers or bools, which are no weights without a scale: %s; weights are %s",
		tensors(len(found)), list(found), strings.Join(weightTypes, ", "))
}

// Parameters returns how many numbers the tensors hold.
func (f *File) Parameters() int64 {
	var n int64
	for _, t := range f.Tensors {
		n += int64(len(t.Data))
	}
	return n
}

// elements returns how many elements a tensor of this shape has, refusing what no network has.
func elements(shape []int64) (int64, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("shape %v has %d dimensions, limit %d", shape, len(shape), maxRank)
	}
	n := int64(1)
	for _, side := range shape {
		if side < 0 || side > maxElements {
			return 0, fmt.Errorf("shape %v has a side of %d, limit %d", shape, side, maxElements)
		}
		if n *= side; n > maxElements {
			return 0, fmt.Errorf("shape %v has more than %d elements", shape, maxElements)
		}
	}
	return n, nil
}

// budget is how many tensors and elements a file may still hold.
type budget struct{ tensors, elements int64 }

// newBudget returns that of a file of so many bytes: each element takes one at least.
func newBudget(bytes int64) *budget {
	return &budget{tensors: maxTensors, elements: min(maxElements, bytes)}
}

// take takes a tensor of this shape off the budget, before memory is taken for it, and
// returns how many elements it has.
func (b *budget) take(name string, shape []int64) (int64, error) {
	n, err := elements(shape)
	if err != nil {
		return 0, fmt.Errorf("tensor %q: %w", name, err)
	}
	b.tensors--
	b.elements -= n
	if b.tensors < 0 {
		return 0, fmt.Errorf("it holds more than %d tensors", maxTensors)
	}
	if b.elements < 0 {
		return 0, fmt.Errorf("tensor %q: more elements than the file has bytes, or than %d",
			name, maxElements)
	}
	return n, nil
}
