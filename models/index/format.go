package index

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"strings"

	"github.com/tfpair/tfpair/internal/regular"
)

// magic is the first line of a file. A later version of the format has another number.
const magic = "tfpair index 1\n"

// Limits of what is read.
const (
	maxHeader = 64 << 10 // bytes of the header's line
	maxItem   = 1 << 20  // bytes of an item's line
	maxDim    = 1 << 20
	maxFile   = 64 << 30 // bytes
)

// align is what the place of the vectors is a multiple of, so that they can be mapped.
const align = 64

// header is the second line of a file.
type header struct {
	About
	Count int   `json:"count"`       // N
	Items int64 `json:"items_bytes"` // of the lines of items
}

// Error says that a file holds no index that can be used, and why.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("index %q: %v", e.Path, e.Err) }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// Encode writes x as the bytes of a file. Equal indices give equal bytes:
//
//	tfpair index 1
//	{"index":"flat","embedding_space":"…","model":"…","distance":"…","dim":D,"count":N,"items_bytes":…}
//	{"id":"…","path":"…","sha256":"…","class":"…"}       N lines
//	line feeds, up to a multiple of 64
//	vectors [N,D] float32, little-endian
//	SHA-256 of all before, 32 bytes
func (x *Index) Encode(w io.Writer) error {
	lines, err := x.lines()
	if err != nil {
		return err
	}
	sum := sha256.New()
	b := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	for _, text := range lines {
		if _, err := b.Write(text); err != nil {
			return err
		}
	}
	var four [4]byte
	for _, v := range x.Vectors() {
		binary.LittleEndian.PutUint32(four[:], math.Float32bits(v))
		if _, err := b.Write(four[:]); err != nil {
			return err
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	_, err = w.Write(sum.Sum(nil))
	return err
}

// lines returns what stands before the vectors.
func (x *Index) lines() ([][]byte, error) {
	var items bytes.Buffer
	e := json.NewEncoder(&items)
	e.SetEscapeHTML(false)
	for _, item := range x.All() {
		from := items.Len()
		if err := e.Encode(item); err != nil {
			return nil, err
		}
		if items.Len()-from > maxItem {
			return nil, fmt.Errorf("item %.40q… takes %d bytes, want at most %d", item.ID, items.Len()-from, maxItem)
		}
	}
	head, err := json.Marshal(header{x.about, x.Len(), int64(items.Len())})
	if err != nil {
		return nil, err
	}
	if len(head) > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, want at most %d", len(head), maxHeader)
	}
	head = append(head, '\n')
	used := int64(len(magic) + len(head) + items.Len())
	return [][]byte{[]byte(magic), head, items.Bytes(),
		bytes.Repeat([]byte("\n"), int(padding(used)))}, nil
}

// padding returns how many bytes are missing from used to the next multiple of align.
func padding(used int64) int64 { return (align - used%align) % align }

// Read returns the index at path, a file or a folder. The error is an *Error.
func Read(path string) (*Index, error) { return Own(nil).Read(path) }

// Read is Read of an index that may be searched by a distance of one's own.
func (o Own) Read(path string) (*Index, error) {
	if isFolder(path) {
		f, err := o.OpenFolder(path)
		if err != nil {
			return nil, err
		}
		return f.Index(), nil
	}
	file, size, err := regular.Open(path, maxFile)
	if err != nil {
		return nil, refused(path, err)
	}
	defer file.Close() // read only
	x, err := o.decode(file, size)
	if err != nil {
		return nil, refused(path, err)
	}
	return x, nil
}

// refused names path once.
func refused(path string, err error) error {
	var of *os.PathError
	if errors.As(err, &of) && of.Path == path {
		err = of.Err
	}
	return &Error{path, err}
}

// Decode returns the index that r holds, size bytes of it. It takes no more memory than
// a few times size, whatever the bytes say, and checks them against their checksum.
func Decode(r io.Reader, size int64) (*Index, error) { return Own(nil).decode(r, size) }

func (o Own) decode(r io.Reader, size int64) (*Index, error) {
	d, err := begin(r, size)
	if err != nil {
		return nil, err
	}
	data, err := readVectors(d.body, d.header.Count*d.header.Dim)
	if err != nil {
		return nil, err
	}
	if err := d.end(r); err != nil {
		return nil, err
	}
	return o.New(d.header.About, d.items, data)
}

// ReadItems returns what the index at path says of its images. It keeps no vectors. Of a file it does
// not ask how they are searched, but checks the whole file against its checksum. The error is an
// *Error.
func ReadItems(path string) (About, []Item, error) {
	if isFolder(path) {
		x, err := Read(path)
		if err != nil {
			return About{}, nil, err
		}
		items := make([]Item, 0, x.Len())
		for _, item := range x.All() {
			items = append(items, item)
		}
		return x.about, items, nil
	}
	file, size, err := regular.Open(path, maxFile)
	if err != nil {
		return About{}, nil, refused(path, err)
	}
	defer file.Close() // read only
	d, err := begin(file, size)
	if err != nil {
		return About{}, nil, refused(path, err)
	}
	if _, err := io.Copy(io.Discard, d.body); err != nil {
		return About{}, nil, refused(path, err)
	}
	if err := d.end(file); err != nil {
		return About{}, nil, refused(path, err)
	}
	return d.header.About, d.items, nil
}

// decoding is a file of which all before the vectors has been read.
type decoding struct {
	header header
	items  []Item
	body   *bufio.Reader // the vectors, then the end
	sum    hash.Hash     // of what was read
}

// begin reads what stands before the vectors.
func begin(r io.Reader, size int64) (*decoding, error) {
	if size > maxFile {
		return nil, fmt.Errorf("%d bytes, want at most %d", size, int64(maxFile))
	}
	d := &decoding{sum: sha256.New()}
	d.body = bufio.NewReaderSize(io.TeeReader(io.LimitReader(r, size-sha256.Size), d.sum), maxHeader+1)
	h, start, err := readHeader(d.body, size)
	if err != nil {
		return nil, err
	}
	d.header = h
	if d.items, err = readItems(io.LimitReader(d.body, h.Items), h.Count); err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, d.body, padding(start+h.Items)); err != nil {
		return nil, truncated(err)
	}
	return d, nil
}

// end compares the checksum, which is what r holds behind the vectors.
func (d *decoding) end(r io.Reader) error {
	stored := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, stored); err != nil {
		return truncated(err)
	}
	if !bytes.Equal(stored, d.sum.Sum(nil)) {
		return errors.New("it is not as it was written: its checksum differs")
	}
	return nil
}

// Begins reports whether the file or the folder at path begins as an index does, of whatever version.
func Begins(path string) bool {
	if isFolder(path) {
		return beginsFolder(path)
	}
	file, _, err := regular.Open(path, maxFile)
	if err != nil {
		return false
	}
	defer file.Close() // read only
	first := make([]byte, len(magic)-2)
	_, err = io.ReadFull(file, first)
	return err == nil && string(first) == magic[:len(magic)-2]
}

// truncated says of the end of a file that it is too early.
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}

// readHeader returns the header and the place behind it, both consistent with the size
// of the file.
func readHeader(b *bufio.Reader, size int64) (h header, start int64, err error) {
	first, err := b.Peek(len(magic))
	switch version := magic[:len(magic)-2]; {
	case string(first) == magic:
	case err == nil && strings.HasPrefix(string(first), version):
		return h, 0, fmt.Errorf("it has another format than %q: it was written by a later version of tfpair",
			strings.TrimSpace(magic))
	default:
		return h, 0, errors.New("it is no index; tfpair index build makes one")
	}
	if _, err := b.Discard(len(magic)); err != nil {
		return h, 0, err
	}
	line, err := b.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return h, 0, fmt.Errorf("header of more than %d bytes", maxHeader)
	} else if err != nil {
		return h, 0, truncated(err)
	}
	start = int64(len(magic) + len(line))
	if err := json.Unmarshal(line, &h); err != nil {
		return h, 0, fmt.Errorf("header: %w", err)
	}
	if h.Count < 1 || h.Count > math.MaxInt32 || h.Dim < 1 || h.Dim > maxDim || h.Items < 0 || h.Items > maxFile {
		return h, 0, fmt.Errorf("header: %d vectors of length %d, %d bytes of items", h.Count, h.Dim, h.Items)
	}
	want := start + h.Items + padding(start+h.Items) + 4*int64(h.Count)*int64(h.Dim) + sha256.Size
	if want != size {
		return h, 0, fmt.Errorf("%d bytes, want %d for %d vectors of length %d", size, want, h.Count, h.Dim)
	}
	return h, start, nil
}

// readItems returns the items, a line each, that r holds.
func readItems(r io.Reader, count int) ([]Item, error) {
	var items []Item
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxItem+1)
	for lines.Scan() {
		var item Item
		if err := json.Unmarshal(lines.Bytes(), &item); err != nil {
			return nil, fmt.Errorf("item %d: %w", len(items), err)
		}
		items = append(items, item)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("item %d: %w", len(items), err)
	}
	if len(items) != count {
		return nil, fmt.Errorf("%d items, want %d", len(items), count)
	}
	return items, nil
}

// readVectors returns n numbers.
func readVectors(r io.Reader, n int) ([]float32, error) {
	data := make([]float32, n)
	chunk := make([]byte, 1<<16)
	for at := 0; at < n; {
		b := chunk[:4*min(n-at, len(chunk)/4)]
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, truncated(err)
		}
		for ; len(b) > 0; b = b[4:] {
			data[at] = math.Float32frombits(binary.LittleEndian.Uint32(b))
			at++
		}
	}
	return data, nil
}
