// Package index is the former name of models/index: the same types and functions.
//
// Deprecated: import github.com/tfpair/tfpair/models/index.
package index

import (
	"io"

	"github.com/tfpair/tfpair/models/index"
)

// About is index.About.
type About = index.About

// Error is index.Error.
type Error = index.Error

// ExistsError is index.ExistsError.
type ExistsError = index.ExistsError

// File is index.File.
type File = index.File

// Index is index.Index.
type Index = index.Index

// Item is index.Item.
type Item = index.Item

// Kind is index.Kind.
type Kind = index.Kind

// Neighbour is index.Neighbour.
type Neighbour = index.Neighbour

// ValueError is index.ValueError.
type ValueError = index.ValueError

// Table is index.Table.
var Table = index.Table

// Create is index.Create.
func Create(path string, overwrite bool) (*File, error) { return index.Create(path, overwrite) }

// Decode is index.Decode.
func Decode(r io.Reader, size int64) (*Index, error) { return index.Decode(r, size) }

// New is index.New.
func New(a About, items []Item, data []float32) (*Index, error) { return index.New(a, items, data) }

// Read is index.Read.
func Read(path string) (*Index, error) { return index.Read(path) }
