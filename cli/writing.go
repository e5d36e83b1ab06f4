package cli

import (
	"errors"
	"os"

	"github.com/tfpair/tfpair/internal/aside"
)

// toWrite is a file that a command writes, whole or not at all; "" for one that is not asked for.
type toWrite struct {
	path  string
	write func() error
}

// allOrNone writes files in their order. Where one cannot be written, those before it go: they would be in the way
// of the same command. With overwrite they stay, as they may have replaced others.
func allOrNone(overwrite bool, files ...toWrite) error {
	var there []string
	for _, f := range files {
		if f.path == "" {
			continue
		}
		err := f.write()
		if err == nil || isA[*aside.UnsyncedError](err) {
			there = append(there, f.path)
		}
		if err == nil {
			continue
		}
		if !overwrite {
			for _, path := range there {
				err = errors.Join(err, os.Remove(path))
			}
		}
		return err
	}
	return nil
}
