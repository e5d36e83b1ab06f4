package index

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
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
	for _, v := range x.vectors {
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
	for _, item := range x.items {
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

// Read returns the index in the file at path. The error is an *Error.
func Read(path string) (*Index, error) { return Own(nil).Read(path) }

// Read is Read of an index that may be searched by a distance of one's own.
func (o Own) Read(path string) (*Index, error) {
	file, size, err := regular.Open(path)
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
	if size > maxFile {
		return nil, fmt.Errorf("%d bytes, want at most %d", size, int64(maxFile))
	}
	sum := sha256.New()
	b := bufio.NewReaderSize(io.TeeReader(io.LimitReader(r, size-sha256.Size), sum), maxHeader+1)
	h, start, err := readHeader(b, size)
	if err != nil {
		return nil, err
	}
	items, err := readItems(io.LimitReader(b, h.Items), h.Count)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, b, padding(start+h.Items)); err != nil {
		return nil, truncated(err)
	}
	data, err := readVectors(b, h.Count*h.Dim)
	if err != nil {
		return nil, err
	}
	stored := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, stored); err != nil {
		return nil, truncated(err)
	}
	if !bytes.Equal(stored, sum.Sum(nil)) {
		return nil, errors.New("it is not as it was written: its checksum differs")
	}
	return o.New(h.About, items, data)
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
