package dataset

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// tarBlock is the unit of a .tar: headers and contents begin at multiples of it.
const tarBlock = 512

// tarMark stands in the header of each entry (POSIX.1-1988), tarMarkAt bytes from its start.
const (
	tarMark   = "ustar"
	tarMarkAt = 257
)

// isTar tells by the header of the first entry, or for a damaged one by its name, whether a file is meant to be a .tar.
func isTar(name string, start []byte) bool {
	return len(start) >= tarMarkAt+len(tarMark) && string(start[tarMarkAt:][:len(tarMark)]) == tarMark ||
		strings.EqualFold(path.Ext(name), ".tar")
}

// tarEntry is a file in a .tar. It lies there as it is, so that it is read where it lies.
type tarEntry struct {
	in   io.ReaderAt
	at   int64
	info fs.FileInfo
}

func (e *tarEntry) FileInfo() fs.FileInfo { return e.info }

func (e *tarEntry) Open() (io.ReadCloser, error) {
	return io.NopCloser(io.NewSectionReader(e.in, e.at, e.info.Size())), nil
}

// readTar calls add for each file of a .tar, whose headers it reads and no contents. It refuses links, devices and sparse
// files, which are no pictures, and a .tar that was cut.
func readTar(file io.ReaderAt, size int64, add func(name string, e entry) error) error {
	section := io.NewSectionReader(file, 0, size)
	r := tar.NewReader(section)
	for end := int64(0); ; {
		h, err := r.Next()
		at, _ := section.Seek(0, io.SeekCurrent) // a section always tells where it is
		switch {
		case err == io.EOF && at == end:
			return errors.New("the .tar is cut: it has no end mark")
		case err == io.EOF:
			return nil
		case err != nil && !errors.Is(err, tar.ErrInsecurePath): // checkName says more
			return fmt.Errorf("the .tar cannot be read at byte %d: %w", at, err)
		}
		end = at + (h.Size+tarBlock-1)/tarBlock*tarBlock
		if err := checkTarEntry(h, at, size); err != nil {
			return fmt.Errorf("entry %q: %w", h.Name, err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := add(h.Name, &tarEntry{file, at, tarInfo{path.Base(h.Name), h.Size}}); err != nil {
			return err
		}
	}
}

// checkTarEntry refuses what is no file or folder that lies whole in a .tar of so many bytes.
func checkTarEntry(h *tar.Header, at, size int64) error {
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeReg, tar.TypeDir:
	case tar.TypeSymlink, tar.TypeLink:
		return fmt.Errorf("it is a link, to %q; make the .tar with tar --dereference --hard-dereference", h.Linkname)
	case tar.TypeGNUSparse:
		return errors.New("it is a sparse file; make the .tar without --sparse")
	default:
		return fmt.Errorf("it is of type %q, neither a file nor a folder", h.Typeflag)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return errors.New("it is a sparse file; make the .tar without --sparse")
		}
	}
	if h.Size < 0 || h.Size > size-at {
		return fmt.Errorf("it has %d bytes, and the .tar ends %d behind its header: the .tar is cut", h.Size, size-at)
	}
	if path.Clean(h.Name) == "." && h.Typeflag == tar.TypeDir { // what tar -C FOLDER . begins with
		return nil
	}
	return checkName(h.Name)
}

// tarInfo is what a header says of a file.
type tarInfo struct {
	name string
	size int64
}
