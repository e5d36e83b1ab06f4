package index

import (
	"errors"
	"fmt"
	"os"
)

// Verify reads all of the index at path, a file or a folder, pictures included, and returns what is
// wrong with it: an error that names the file for each, none if it is as it was written.
func Verify(path string) []error {
	if !isFolder(path) {
		if _, _, err := ReadItems(path); err != nil {
			return []error{err}
		}
		return nil
	}
	now, err := readState(path)
	if err != nil {
		return []error{(&Folder{path: path}).refused(err)}
	}
	var wrong []error
	check := func(name string, e extent) {
		if _, err := readFrom(path, name, extent{}, e); err != nil {
			wrong = append(wrong, err)
		}
	}
	for _, s := range now.Segments {
		check(s.items(), s.Items)
		check(s.vectors(), s.Vectors)
		check(s.pictures(), s.Pictures)
		check(s.groups(), s.Groups)
	}
	if s := now.Strangers; s != nil {
		check(segment{Number: s.Number}.strangers(), s.extent)
	}
	if len(wrong) > 0 {
		return wrong
	}
	f, err := OpenFolder(path)
	if err != nil {
		return []error{err}
	}
	x := f.Index()
	for row, item := range x.All() {
		if _, err := x.Picture(row); err != nil {
			wrong = append(wrong, fmt.Errorf("picture of %q: %w", item.ID, err))
		}
	}
	if _, err := f.strangers(f.now); err != nil {
		wrong = append(wrong, err)
	}
	return wrong
}

// isFolder reports whether the index at path is a folder.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// beginsFolder reports whether the folder at path holds an index, of whatever version.
func beginsFolder(path string) bool {
	_, err := readState(path)
	return err == nil || !errors.Is(err, os.ErrNotExist)
}
