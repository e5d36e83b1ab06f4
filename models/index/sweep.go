package index

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/internal/aside"
)

// sweep removes files of segments that do not belong to the folder: those of a killed writer, and those that a
// compaction has replaced. They are gone for good when it returns nil.
func (f *Folder) sweep() error {
	belongs := map[string]bool{}
	for _, s := range f.now.Segments {
		for _, name := range []string{s.items(), s.vectors(), s.pictures(), s.groups()} {
			belongs[name] = true
		}
	}
	if s := f.now.Strangers; s != nil {
		belongs[segment{Number: s.Number}.strangers()] = true
	}
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return err
	}
	var wrong []error
	swept := false
	for _, e := range entries {
		if e.Type().IsRegular() && ofSegment(e.Name()) && !belongs[e.Name()] {
			wrong, swept = append(wrong, os.Remove(filepath.Join(f.path, e.Name()))), true
		}
	}
	if swept {
		wrong = append(wrong, aside.Sync(f.path))
	}
	return errors.Join(wrong...)
}

// ofSegment reports whether a file's name is that of a segment.
func ofSegment(name string) bool {
	number, kind, _ := strings.Cut(name, ".")
	if len(number) < 6 || strings.Trim(number, "0123456789") != "" {
		return false
	}
	return kind == "items" || kind == "vectors" || kind == "pictures" || kind == "groups" || kind == "strangers"
}
