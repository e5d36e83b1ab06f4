package cli

import (
	"cmp"
	"slices"

	"github.com/tfpair/tfpair/pipeline/copies"
)

// keeping says which picture of a group stays.
type keeping string

const (
	keepBest   keeping = "best"   // as package copies orders them
	keepOldest keeping = "oldest" // by the time of the file
	keepFirst  keeping = "first"  // by path
)

func (k keeping) validate() error {
	if !slices.Contains([]keeping{keepBest, keepOldest, keepFirst}, k) {
		return usagef("--keep must be best, oldest or first, got %q", string(k))
	}
	return nil
}

// compare orders the pictures of a group, where it is not keepBest.
func (k keeping) compare(a, b *copies.Print) int {
	byPath := cmp.Compare(a.Path, b.Path)
	if k == keepOldest {
		return cmp.Or(cmp.Compare(a.Stamp.Modified, b.Stamp.Modified), byPath)
	}
	return byPath
}
