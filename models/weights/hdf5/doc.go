// Package hdf5 reads the arrays of numbers in HDF5 files, as Keras writes them:
//
//	bytes → Check → groups, datasets → Want.Skip, Want.Take → tensors
//
// The C library reads the numbers. What of a file crashes it or makes it read for ever, this
// package reads in Go: the superblock, attributes and the heap of strings. It is the only
// package that links the library, in programs built with the tag hdf5.
package hdf5

import "github.com/tfpair/tfpair/internal/tensor"

// Want says what of a file is read. All three are needed; paths have no slash in front.
type Want struct {
	Skip  func(path string) bool  // leave a group or dataset out, and what is below it
	Label func(group string) bool // read the attribute "name" of a group
	// Take returns how many elements a shape has, or refuses it. It is called before memory is
	// taken for them.
	Take func(path string, shape []int64) (int64, error)
}

// Contents is what was read.
type Contents struct {
	Tensors []tensor.Named    // float32, whatever float the file has, named by their path
	Labels  map[string]string // attribute "name" by path of the group; none is ""
}
