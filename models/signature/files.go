package signature

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

// digests are SHA-256, in hexadecimal, by the names of files in a folder, with slashes.
type digests map[string]string

// maxFile is the largest file of a model that is read, in bytes.
const maxFile = 64 << 30

// names returns the names of all files in folder but that of the signature, also while it is written, sorted. What is neither
// a file nor a folder is refused: what a link leads to may be another thing tomorrow.
func names(folder string) ([]string, error) {
	var list []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", name, reasonOf(err))
		case e.IsDir() || name == FileName || aside.Pending(name, FileName):
			return nil
		case !e.Type().IsRegular():
			return fmt.Errorf("%s: it is %s, and only files can be signed", name, regular.Kind(e.Type()))
		}
		list = append(list, name)
		return nil
	})
	slices.Sort(list)
	return list, err
}

// compare reports the first file in folder that was not signed, is missing or is another.
func (d digests) compare(folder string) error {
	have, err := names(folder)
	if err != nil {
		return err
	}
	for _, name := range have {
		if _, ok := d[name]; !ok {
			return fmt.Errorf("%s: it was not signed", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if _, ok := slices.BinarySearch(have, name); !ok {
			return fmt.Errorf("%s: it was signed and is missing", name)
		}
	}
	for _, name := range have {
		got, err := digest(folder, name)
		if err != nil {
			return err
		}
		if got != d[name] {
			return fmt.Errorf("%s: SHA-256 is %.12s…, and %.12s… was signed", name, got, d[name])
		}
	}
	return nil
}

func digest(folder, name string) (string, error) {
	f, _, err := regular.OpenIn(folder, filepath.FromSlash(name), maxFile)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, reasonOf(err))
	}
	defer f.Close() // read only
	sum, _, err := regular.SHA256(f)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, reasonOf(err))
	}
	return sum, nil
}

// reasonOf returns err without the path that it names.
func reasonOf(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is missing")
	}
	return regular.Reason(err)
}
