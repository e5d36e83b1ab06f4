// Package features keeps what the frozen part of a tower makes of images, in one file:
//
//	inputs, rows [N,F] float32 → Put → blocks of rows on the disk → Row
//
// A block is the SHA-256 over what its rows are of and the rows themselves, then the
// rows. Of float16 each row has a power of two of its own, so that no number is too
// large and the largest keep 11 bits. A block that is torn, stale or of another network has
// another sum: it is not there, and is computed again. So nothing has to be locked,
// renamed or synced, and a kill at any moment loses the blocks that were being written.
package features

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// format is part of every sum: what is computed or written otherwise has another one.
const format = "tfpair features 1"

// Type says how numbers are stored.
type Type string

// The types, by the names that users write.
const (
	Float16 Type = "float16"
	Float32 Type = "float32"
)

// Sum is the SHA-256 of an input: of what is shown to the network, or of the network.
type Sum = [sha256.Size]byte

// Options say what a file holds.
type Options struct {
	Network Sum // of all that makes rows of inputs: weights, and what is done with them
	Rows    int // N
	Length  int // F, numbers in a row; > 0
	Block   int // rows in a block, but for the last one; > 0
	Type    Type
}

// Bytes returns the size of the file.
func (o Options) Bytes() int64 {
	return int64(o.blocks())*sha256.Size + int64(o.Rows)*int64(o.rowBytes())
}

func (o Options) blocks() int { return (o.Rows + o.Block - 1) / o.Block }

func (o Options) rowBytes() int {
	if o.Type == Float16 {
		return 2 + 2*o.Length // the exponent, and halves
	}
	return 4 * o.Length
}

// File is an open file of rows. Rows may be read by many goroutines at once, beside one
// that puts blocks.
type File struct {
	Options
	file *os.File
}

// SpaceError says that a disk has no room for a file.
type SpaceError struct {
	Path         string
	Needed, Free int64 // bytes
}

func (e *SpaceError) Error() string {
	return fmt.Sprintf("features %q need %.1f MB more, the disk has %.1f MB free",
		e.Path, float64(e.Needed)/1e6, float64(e.Free)/1e6)
}

// NotFiniteError says that a row holds a NaN or an infinity.
type NotFiniteError struct {
	Row   int
	Value float32
}

func (e *NotFiniteError) Error() string { return fmt.Sprintf("a feature is %v", e.Value) }

// Open opens the file at path, or makes it with its folder, at its full size. It leaves
// what is there: Fresh says what that is good for. The error is a *SpaceError where the
// disk has too little room. Where the file or its folder is a link nothing is opened: what it
// leads to would be cut to size and written.
func Open(path string, o Options) (_ *File, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("open features: %w", err)
	}
	for _, at := range []string{filepath.Dir(path), path} {
		if info, err := os.Lstat(at); err == nil && info.Mode()&os.ModeSymlink != 0 {
			return nil, fmt.Errorf("open features: %q is a link", at)
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open features: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close())
		}
	}()
	f := &File{Options: o, file: file}
	if err := f.room(); err != nil {
		return nil, err
	}
	if err := file.Truncate(f.Bytes()); err != nil {
		return nil, fmt.Errorf("open features: %w", err)
	}
	return f, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Blocks returns how many blocks the file has.
func (f *File) Blocks() int { return f.blocks() }

// Span returns the rows [first,end) of a block.
func (f *File) Span(block int) (first, end int) {
	return block * f.Block, min((block+1)*f.Block, f.Rows)
}

// at returns where a block begins.
func (f *File) at(block int) int64 {
	return int64(block) * int64(sha256.Size+f.Block*f.rowBytes())
}

// room checks that the disk can hold the file, of which some blocks may be there.
func (f *File) room() error {
	var here unix.Stat_t
	var disk unix.Statfs_t
	if err := unix.Fstat(int(f.file.Fd()), &here); err != nil {
		return fmt.Errorf("open features: %w", err)
	}
	if err := unix.Fstatfs(int(f.file.Fd()), &disk); err != nil {
		return fmt.Errorf("open features: %w", err)
	}
	const unit = 512 // of Stat_t.Blocks, on all systems
	needed := f.Bytes() - here.Blocks*unit
	if free := int64(min(disk.Bavail*uint64(disk.Bsize), math.MaxInt64)); needed > free {
		return &SpaceError{f.file.Name(), needed, free}
	}
	return nil
}

// sum returns the sum of a block: inputs are those of its rows.
func (f *File) sum(inputs []Sum, rows []byte) Sum {
	h := sha256.New() // takes all it is given
	fmt.Fprintf(h, "%s\n%s %d\n", format, f.Type, f.Length)
	h.Write(f.Network[:])
	for _, input := range inputs {
		h.Write(input[:])
	}
	h.Write(rows)
	return Sum(h.Sum(nil))
}

// Fresh reports whether a block holds the rows of the given inputs.
func (f *File) Fresh(block int, inputs []Sum) (bool, error) {
	data := make([]byte, sha256.Size+len(inputs)*f.rowBytes())
	if _, err := f.file.ReadAt(data, f.at(block)); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("read features: %w", err)
	}
	return Sum(data[:sha256.Size]) == f.sum(inputs, data[sha256.Size:]), nil
}

// Put writes a block: rows [n,F], row-major, of inputs [n]. The error is a
// *NotFiniteError where a number is not finite.
func (f *File) Put(block int, inputs []Sum, rows []float32) error {
	if len(rows) != len(inputs)*f.Length {
		panic(fmt.Sprintf("features: %d numbers for %d rows of %d", len(rows), len(inputs), f.Length))
	}
	data := make([]byte, sha256.Size, sha256.Size+len(inputs)*f.rowBytes())
	first, _ := f.Span(block)
	for i := range inputs {
		row := rows[i*f.Length:][:f.Length]
		for _, x := range row {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return &NotFiniteError{first + i, x}
			}
		}
		data = f.append(data, row)
	}
	sum := f.sum(inputs, data[sha256.Size:])
	copy(data, sum[:])
	if _, err := f.file.WriteAt(data, f.at(block)); err != nil {
		return fmt.Errorf("write features: %w", err)
	}
	return nil
}

// append adds a row as it is stored.
func (f *File) append(data []byte, row []float32) []byte {
	if f.Type == Float16 {
		return appendHalves(data, row)
	}
	for _, x := range row {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return data
}

// Row reads a row into dst [F]. Its block must be Fresh, or have been Put.
func (f *File) Row(dst []float32, row int) error {
	if len(dst) != f.Length {
		panic(fmt.Sprintf("features: %d numbers for a row of %d", len(dst), f.Length))
	}
	data := make([]byte, f.rowBytes())
	at := f.at(row/f.Block) + sha256.Size + int64(row%f.Block)*int64(len(data))
	if _, err := f.file.ReadAt(data, at); err != nil {
		return fmt.Errorf("read features: %w", err)
	}
	if f.Type == Float16 {
		readHalves(dst, data)
		return nil
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return nil
}
