package dataset

import "slices"

// Split is the role of an image or a tuple, in one byte, as there may be millions. Splits are ordered: the more withheld
// from training, the greater.
type Split int8

// The splits: Train is learned from, Val is chosen on, Test is reported once.
const (
	Unsplit Split = iota // not assigned yet; of a Part: all of the data
	Train
	Val
	Test
)

var splitNames = [...]string{Unsplit: "", Train: "train", Val: "val", Test: "test"}

// String returns train, val or test; "" for Unsplit.
func (s Split) String() string { return splitNames[s] }

// MarshalText returns String.
func (s Split) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// SplitNamed returns the split train, val or test; Unsplit for all other names.
func SplitNamed(name string) Split { return Split(max(0, slices.Index(splitNames[:], name))) }
