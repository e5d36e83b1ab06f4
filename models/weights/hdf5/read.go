//go:build hdf5 && cgo

package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"sync"

	"gonum.org/v1/hdf5"

	"github.com/tfpair/tfpair/internal/tensor"
)

// library is held while HDF5's C library works: it has one set of open files for all.
var library sync.Mutex

// Limits on the tree of groups in a file, and on its numbers.
const (
	maxDepth   = 24 // of groups in groups; a model that is a layer takes two
	maxObjects = 100_000
	maxFloat   = 16 // bytes of a number, as the longest of C's have
)

// Built says that the program has the reader.
const Built = true

// Read reads the file at path, whose bytes are r's and which Check lets pass: every dataset
// of floating-point numbers that want does not skip, in the order of the file.
func Read(path string, r io.ReaderAt, want Want) (*Contents, error) {
	library.Lock()
	defer library.Unlock()
	// What the library says of errors, and whether it prints that, belongs to a thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := hdf5.DisplayErrors(false); err != nil {
		return nil, err
	}
	file, err := hdf5.OpenFile(path, hdf5.F_ACC_RDONLY)
	if err != nil {
		return nil, libraryReason()
	}
	defer file.Close()
	w := walk{r: r, want: want, objects: maxObjects, found: &Contents{Labels: map[string]string{}}}
	return w.found, w.group(&file.CommonFG, "", 0)
}

// walk collects what is below a group.
type walk struct {
	r       io.ReaderAt // the file, for what the library does not read
	want    Want
	found   *Contents
	objects int // that may still be looked at
}

// group walks the children of the group at path, "" for the root. Links are not followed:
// soft ones lead to what is walked anyway, external ones out of the file.
func (w *walk) group(g *hdf5.CommonFG, path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("group %q: groups lie in groups deeper than %d, or in themselves", path, maxDepth)
	}
	n, err := g.NumObjects()
	if err != nil {
		return fmt.Errorf("group %q: %w", path, libraryReason())
	}
	if w.objects -= int(n); w.objects < 0 {
		return fmt.Errorf("more than %d groups and datasets", maxObjects)
	}
	for i := range n {
		name, err := g.ObjectNameByIndex(i)
		if err != nil {
			return fmt.Errorf("group %q: %w", path, libraryReason())
		}
		kind, err := g.ObjectTypeByIndex(i)
		if err != nil {
			return fmt.Errorf("group %q: member %q: %w", path, name, libraryReason())
		}
		if err := w.member(g, kind, name, strings.TrimPrefix(path+"/"+name, "/"), depth); err != nil {
			return err
		}
	}
	return nil
}

// member walks a child that is a group, and reads one that is a dataset.
func (w *walk) member(g *hdf5.CommonFG, kind hdf5.GType, name, path string, depth int) error {
	if w.want.Skip(path) {
		return nil
	}
	switch kind {
	case hdf5.H5G_GROUP:
		child, err := g.OpenGroup(name)
		if err != nil {
			return fmt.Errorf("group %q: %w", path, libraryReason())
		}
		defer child.Close()
		if w.want.Label(path) {
			label, err := w.attribute(child.ID(), "name")
			if err != nil {
				return fmt.Errorf("group %q: %w", path, err)
			}
			if label != "" {
				w.found.Labels[path] = label
			}
		}
		return w.group(&child.CommonFG, path, depth+1)
	case hdf5.H5G_DATASET:
		d, err := g.OpenDataset(name)
		if err != nil {
			return fmt.Errorf("dataset %q: %w", path, libraryReason())
		}
		defer d.Close()
		if err := w.dataset(d, path); err != nil {
			return fmt.Errorf("dataset %q: %w", path, err)
		}
	}
	return nil
}

// attribute returns the attribute of an object that is one string, "" where it has none.
func (w *walk) attribute(object int64, name string) (string, error) {
	at, err := address(object)
	if err != nil {
		return "", err
	}
	return textAttribute(w.r, at, name)
}

// dataset adds the tensor of a dataset, unless its elements are no floating-point numbers.
func (w *walk) dataset(d *hdf5.Dataset, path string) error {
	t, err := d.Datatype()
	if err != nil {
		return err
	}
	defer t.Close()
	brain := false
	switch t.Class() {
	case hdf5.T_FLOAT:
		if t.Size() > maxFloat { // the library takes memory for one of any size
			return fmt.Errorf("its numbers have %d bytes, limit %d", t.Size(), maxFloat)
		}
		if t.Size() < 2 {
			return errors.New("its numbers have 8 bits; those of 16, 32 and 64 are read")
		}
	case hdf5.T_OPAQUE: // how h5py stores what NumPy has no type for
		kind, err := w.attribute(d.ID(), "dtype")
		if err != nil {
			return err
		}
		if brain = kind == "bfloat16" && t.Size() == 2; !brain {
			return fmt.Errorf("numbers of a type unknown to NumPy (%q) are not read", kind)
		}
	default:
		return nil
	}
	shape, err := shapeOf(d)
	if err != nil {
		return err
	}
	n, err := w.want.Take(path, shape)
	if err != nil {
		return err
	}
	if n > 0 {
		if err := checkStorage(d, shape); err != nil {
			return err
		}
	}
	data, err := readNumbers(d, n, brain)
	w.found.Tensors = append(w.found.Tensors, tensor.Named{Name: path, Shape: shape, Data: data})
	return err
}

// readNumbers reads n numbers, bfloat16 ones where brain is true.
func readNumbers(d *hdf5.Dataset, n int64, brain bool) ([]float32, error) {
	if !brain {
		return readFloats(d, n)
	}
	data, err := readBytes(d, n, 2)
	list := make([]float32, len(data)/2)
	for i := range list { // the upper half of a float32
		list[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(data[2*i:])) << 16)
	}
	return list, err
}

// shapeOf returns the shape of a dataset, [] of a scalar.
func shapeOf(d *hdf5.Dataset) ([]int64, error) {
	space := d.Space()
	if space == nil {
		return nil, libraryReason()
	}
	defer space.Close()
	rank := space.SimpleExtentNDims()
	switch kind := space.SimpleExtentType(); {
	case kind == hdf5.S_SCALAR, kind == hdf5.S_SIMPLE && rank == 0:
		return []int64{}, nil // of which the binding's SimpleExtentDims panics
	case kind != hdf5.S_SIMPLE:
		return nil, errors.New("it has no elements")
	}
	sides, _, err := space.SimpleExtentDims()
	if err != nil {
		return nil, libraryReason()
	}
	shape := make([]int64, len(sides))
	for i, side := range sides {
		shape[i] = int64(min(uint64(side), math.MaxInt64))
	}
	return shape, nil
}
