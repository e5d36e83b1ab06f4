package vectors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
)

// npy is NumPy's format, version 1.0: numpy.load gives the numbers [N,D] float32 in C
// order. Space and paths stand in NAME.npy.json.
//
// The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
var npy = named.Row[Format]{
	Brief: "NumPy array [N,D] float32 for numpy.load; paths and embedding space in NAME.npy.json",
	New: func(raw named.Raw) (Format, error) {
		return Format{write: writeNpy, read: readNpy, beside: true}, named.Options(raw, &struct{}{})
	},
}

const (
	npyMagic = "\x93NUMPY"
	npyAlign = 64 // bytes; the numbers begin at a multiple of this
	// maxNpyHeader is the longest header that is read, in bytes; that of a plain array has a hundred.
	maxNpyHeader = 10_000 // NumPy's own limit
)

// npyHeader matches the header of what readNpy takes, in the order that NumPy writes.
var npyHeader = regexp.MustCompile(
	`^\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\), \}\s*$`)

func writeNpy(w io.Writer, v *Vectors) error {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", len(v.Paths), v.Dim)
	start := len(npyMagic) + 4 // two bytes of version, two of length
	length := (start+len(header)+npyAlign)/npyAlign*npyAlign - start
	b := append([]byte(npyMagic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(length))
	b = append(b, header+strings.Repeat(" ", length-len(header)-1)+"\n"...)
	if _, err := w.Write(b); err != nil {
		return err
	}
	for i := range v.Paths {
		b = b[:0]
		for _, x := range v.Row(i) {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func readNpy(r io.Reader, size int64) (*Vectors, error) {
	header, start, err := npyHeaderOf(r)
	if err != nil {
		return nil, err
	}
	shape := npyHeader.FindSubmatch(header)
	if shape == nil {
		return nil, fmt.Errorf("header is %q, want a '<f4' array in C order of shape (N, D)",
			bytes.TrimSpace(header))
	}
	rows, rowsErr := strconv.ParseInt(string(shape[1]), 10, 32)
	dim, dimErr := strconv.ParseInt(string(shape[2]), 10, 32)
	left := size - start
	if rowsErr != nil || dimErr != nil || left%4 != 0 || dim < 1 || rows > left/4/dim || rows*dim != left/4 {
		return nil, fmt.Errorf("%d bytes of numbers for shape (%s, %s)", left, shape[1], shape[2])
	}
	b := make([]byte, left)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	v := &Vectors{Dim: int(dim), Data: make([]float32, left/4)}
	for i := range v.Data {
		v.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return v, nil
}

// npyHeaderOf reads the header and returns it and where the numbers start.
func npyHeaderOf(r io.Reader) (header []byte, start int64, err error) {
	magic := make([]byte, len(npyMagic)+2)
	if _, err := io.ReadFull(r, magic); err != nil || !bytes.HasPrefix(magic, []byte(npyMagic)) {
		return nil, 0, errors.New("it is no NumPy array")
	}
	length := make([]byte, 2)
	switch major := magic[len(npyMagic)]; major {
	case 1:
	case 2: // the same with a longer length
		length = make([]byte, 4)
	default:
		return nil, 0, fmt.Errorf("NumPy format version %d, want 1 or 2", major)
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return nil, 0, fmt.Errorf("header: %w", err)
	}
	n := binary.LittleEndian.Uint32(append(length, 0, 0)) // of four bytes the two are left alone
	if n > maxNpyHeader {
		return nil, 0, fmt.Errorf("header of %d bytes, want at most %d", n, maxNpyHeader)
	}
	header = make([]byte, n)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, 0, fmt.Errorf("header: %w", err)
	}
	return header, int64(len(magic)+len(header)) + int64(len(length)), nil
}
