package dataset

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"
)

// archive is a .zip file as a file system. Files are read from it with ReadAt, so
// many can be read at once.
type archive struct {
	*zip.Reader
	files map[string]*zip.File // by clean path; folders are left out
}

// Stat spares Open's set-up of a decompressor, which fs.Stat would use.
func (a *archive) Stat(name string) (fs.FileInfo, error) {
	if f, ok := a.files[name]; ok {
		return f.FileInfo(), nil
	}
	f, err := a.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Stat()
}

// isArchive tells by its first four bytes, or for a damaged one by its name,
// whether a file is meant to be a .zip.
func isArchive(name string, start []byte) bool {
	return strings.HasPrefix(string(start), "PK\x03\x04") || // a file's header
		strings.HasPrefix(string(start), "PK\x05\x06") || // the end record of an empty archive
		strings.EqualFold(path.Ext(name), ".zip")
}

// openArchive refuses entries that a careless reader would look for or write
// outside the archive, and those that cannot be read.
func openArchive(file fs.File) (*archive, error) {
	at, ok := file.(io.ReaderAt)
	if !ok {
		return nil, errors.New("an archive must lie where files can be read at any place")
	}
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	r, err := zip.NewReader(at, info.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // checkEntry says more
		return nil, err
	}
	a := &archive{Reader: r, files: make(map[string]*zip.File, len(r.File))}
	seen := make(map[string]bool, len(r.File))
	for _, f := range r.File {
		if err := checkEntry(f); err != nil {
			return nil, fmt.Errorf("entry %q: %w", f.Name, err)
		}
		name := path.Clean(f.Name)
		if seen[name] {
			return nil, fmt.Errorf("entry %q is there twice", f.Name)
		}
		seen[name] = true
		if !f.FileInfo().IsDir() {
			a.files[name] = f
		}
	}
	if a.files[workbook] != nil {
		return nil, errors.New("this is an Excel workbook, neither images nor a list: save the sheet as CSV")
	}
	return a, nil
}

func checkEntry(f *zip.File) error {
	switch err := checkName(f.Name); {
	case err != nil:
		return err
	case f.Flags&1 != 0: // APPNOTE 6.3.10, section 4.4.4, bit 0
		return errors.New("encrypted")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fmt.Errorf("compression method %d, want 0 (none) or 8 (deflate)", f.Method)
	}
	return nil
}

// maxName is the most bytes of a path that Linux opens (PATH_MAX).
const maxName = 4096

// checkName refuses names that lead out of an archive, or mean different things to different readers.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("no name")
	case len(name) > maxName:
		return fmt.Errorf("name has %d bytes, at most %d are read", len(name), maxName)
	case !utf8.ValidString(name):
		return errors.New("name is not UTF-8")
	case strings.Contains(name, `\`):
		return errors.New("name has a backslash; paths in archives are separated by slashes")
	case strings.HasPrefix(name, "/"):
		return errors.New("name is an absolute path")
	}
	for element := range strings.SplitSeq(name, "/") {
		if element == ".." {
			return errors.New(`name leads out of the archive ("..")`)
		}
	}
	return nil
}
