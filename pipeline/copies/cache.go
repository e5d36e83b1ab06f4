package copies

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// Cache keeps prints in a file, so that the next Read opens only files that are new or changed. It holds no
// pictures: paths, sizes, times, checksums and hashes. A nil Cache keeps nothing.
type Cache struct {
	path   string
	prints map[string]Print // by path
}

// The file of a Cache is
//
//	"tfpair prints 1\n", a line of JSON: header
//	Count prints: four texts, path, fault, format and mode, each behind its length (uint32); then the fields of record
//	SHA-256 of all before
//
// Numbers are little-endian.
const magic = "tfpair prints 1\n"

const (
	maxCache = 1 << 30 // bytes: some two million pictures
	maxText  = 1 << 16 // bytes of a path or a fault
)

// header is the second line.
type header struct {
	Version int    `json:"version"` // of record
	Views   string `json:"views"`   // phash.ViewsName
	Count   int    `json:"count"`
}

// version changes with the fields of record.
const version = 2

// record is the fields of a print that have a fixed size.
type record struct {
	Stamp          Stamp
	SHA256, Pixels [sha256.Size]byte
	Width, Height  int32
	Detail         float32
	Stored         [2]int32 // width and height, before they are turned
	Orientation    int32
	More           bool
	Small          Small
	Views          phash.Views
}

// OpenCache reads the cache in a file, empty where there is none. A file that was damaged, or was written
// by a version with other hashes, is an empty cache, too; the note says so, and the next save replaces the
// file. Errors are those of other files: what is no cache is neither read nor replaced.
func OpenCache(path string) (c *Cache, note string, err error) {
	c = &Cache{path: path, prints: map[string]Print{}}
	text, err := regular.ReadFile(path, maxCache)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, "", nil
	case err != nil:
		return nil, "", err
	case !bytes.HasPrefix(text, []byte(magic)):
		return nil, "", fmt.Errorf("%q is no cache of tfpair: it does not begin with %q", path, magic)
	}
	list, err := unmarshal(text)
	if err != nil {
		return c, fmt.Sprintf("what was remembered in %q is read anew: %v", path, err), nil
	}
	for _, p := range list {
		c.prints[p.Path] = p
	}
	return c, "", nil
}

// get returns the print of a file that has not changed.
func (c *Cache) get(path string, s Stamp) (Print, bool) {
	if c == nil {
		return Print{}, false
	}
	p, ok := c.prints[path]
	return p, ok && p.Stamp == s
}

// save writes the prints that were read. Where these are not all yet, it writes the others that were known
// before, too. The file appears whole or not at all.
func (c *Cache) save(prints []Print, all bool) (err error) {
	if c == nil {
		return nil
	}
	list := kept(prints)
	if !all {
		read := make(map[string]bool, len(list))
		for _, p := range list {
			read[p.Path] = true
		}
		for path, p := range c.prints {
			if !read[path] {
				list = append(list, p)
			}
		}
	}
	slices.SortFunc(list, func(a, b Print) int { return strings.Compare(a.Path, b.Path) })
	if err := aside.MkdirAll(filepath.Dir(c.path)); err != nil {
		return err
	}
	f, err := aside.Create(c.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	if err := f.Chmod(0o600); err != nil { // paths of pictures are nobody else's business
		return err
	}
	b := bufio.NewWriterSize(f, 1<<20)
	if err := marshal(b, list); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return f.Publish()
}

// kept returns the prints of files that could be read.
func kept(prints []Print) (list []Print) {
	for _, p := range prints {
		if p.SHA256 != unread {
			list = append(list, p)
		}
	}
	return list
}

func marshal(to io.Writer, list []Print) error {
	sum := sha256.New()
	w := io.MultiWriter(to, sum)
	head, err := json.Marshal(header{version, phash.ViewsName, len(list)})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", magic, head); err != nil {
		return err
	}
	var b []byte
	for _, p := range list {
		b = b[:0]
		for _, text := range []string{p.Path, p.Fault, p.Facts.Format, p.Facts.Mode} {
			b = append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
		}
		stored := [2]int32{int32(p.Facts.Width), int32(p.Facts.Height)}
		if b, err = binary.Append(b, binary.LittleEndian, record{p.Stamp, p.SHA256, p.Pixels, p.Width, p.Height, p.Detail,
			stored, int32(p.Facts.Orientation), p.Facts.More, p.Small, p.Views}); err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	_, err = to.Write(sum.Sum(nil))
	return err
}

var errDamaged = errors.New("it is not as it was written")

func unmarshal(text []byte) ([]Print, error) {
	end := len(text) - sha256.Size
	if end < len(magic) || sha256.Sum256(text[:end]) != [sha256.Size]byte(text[end:]) {
		return nil, errDamaged
	}
	line, rest, _ := bytes.Cut(text[len(magic):end], []byte("\n"))
	var head header
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, errDamaged
	}
	if head.Version != version {
		return nil, fmt.Errorf("its records are of version %d, not %d", head.Version, version)
	}
	if head.Views != phash.ViewsName {
		return nil, fmt.Errorf("its hashes are %q, not %q", head.Views, phash.ViewsName)
	}
	var list []Print
	for len(rest) > 0 {
		p, n, err := decodePrint(rest)
		if err != nil {
			return nil, err
		}
		list, rest = append(list, p), rest[n:]
	}
	if len(list) != head.Count {
		return nil, errDamaged
	}
	return list, nil
}

// decodePrint reads the print at the beginning of b, and returns its length.
func decodePrint(b []byte) (p Print, n int, err error) {
	at := 0
	for _, text := range []*string{&p.Path, &p.Fault, &p.Facts.Format, &p.Facts.Mode} {
		if len(b) < at+4 {
			return p, 0, errDamaged
		}
		size := binary.LittleEndian.Uint32(b[at:])
		if at += 4; size > maxText || len(b) < at+int(size) {
			return p, 0, errDamaged
		}
		*text = string(b[at : at+int(size)])
		at += int(size)
	}
	var r record
	if n, err = binary.Decode(b[at:], binary.LittleEndian, &r); err != nil {
		return p, 0, errDamaged
	}
	p.Stamp, p.SHA256, p.Pixels, p.Width, p.Height = r.Stamp, r.SHA256, r.Pixels, r.Width, r.Height
	p.Detail, p.Views, p.Small = r.Detail, r.Views, r.Small
	p.Facts.Width, p.Facts.Height, p.Facts.Orientation = int(r.Stored[0]), int(r.Stored[1]), int(r.Orientation)
	p.Facts.More = r.More
	return p, at + n, nil
}
