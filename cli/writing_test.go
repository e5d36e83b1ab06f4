package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestAllOrNone: where the second of three files cannot be written none is there, and with overwrite the first stays.
func TestAllOrNone(t *testing.T) {
	full := errors.New("full")
	for _, overwrite := range []bool{false, true} {
		folder := t.TempDir()
		file := func(name string) toWrite {
			path := filepath.Join(folder, name)
			return toWrite{path, func() error { return os.WriteFile(path, nil, 0o600) }}
		}
		second := toWrite{filepath.Join(folder, "b"), func() error { return full }}
		if err := allOrNone(overwrite, file("a"), toWrite{}, second, file("c")); !errors.Is(err, full) {
			t.Errorf("allOrNone = %v, want that of the second", err)
		}
		left, err := os.ReadDir(folder)
		if err != nil || (len(left) == 1) != overwrite {
			t.Errorf("overwrite %t: the folder holds %v (%v)", overwrite, left, err)
		}
	}
}
