package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// heapSignature begins each global heap collection, where HDF5 keeps strings.
const heapSignature = "GCOL\x01\x00\x00\x00"

// Limits of a collection.
const (
	heapHeader = 16      // bytes: signature and size; likewise of each object
	maxHeap    = 1 << 24 // bytes; Keras' have 4,096
)

// checkHeaps makes sure that the global heap collections in a file of so many bytes come to
// an end: HDF5 1.10 reads those for ever that end in zeros, as files do whose download
// stopped. HDF5 File Format Specification, version 3.0, section III.E.
func checkHeaps(r io.ReaderAt, size int64) error {
	const piece = 1 << 20
	buffer := make([]byte, piece+len(heapSignature)-1) // one may lie across the end of a piece
	for at := int64(0); at < size; at += piece {
		n, err := r.ReadAt(buffer[:min(int64(len(buffer)), size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		for from := 0; ; from++ {
			i := bytes.Index(buffer[from:n], []byte(heapSignature))
			if i < 0 {
				break
			}
			from += i
			if err := checkHeap(r, at+int64(from)); err != nil {
				return fmt.Errorf("the file is damaged: its heap at %d %w", at+int64(from), err)
			}
		}
	}
	return nil
}

// checkHeap walks the objects of the collection that begins at an address. Index 0 is the free
// space behind the others, its size that of all of it.
func checkHeap(r io.ReaderAt, at int64) error {
	var head [heapHeader]byte
	if _, err := r.ReadAt(head[:], at); err != nil {
		return errors.New("is cut off")
	}
	size := binary.LittleEndian.Uint64(head[8:])
	if size > maxHeap {
		return fmt.Errorf("has %d bytes, limit %d", size, maxHeap)
	}
	for used := uint64(heapHeader); used+heapHeader <= size; {
		if _, err := r.ReadAt(head[:], at+int64(used)); err != nil {
			return errors.New("is cut off")
		}
		index, bytes := binary.LittleEndian.Uint16(head[:]), binary.LittleEndian.Uint64(head[8:])
		switch {
		case bytes > size:
			return fmt.Errorf("has an object of %d bytes", bytes)
		case index != 0:
			used += heapHeader + (bytes+7)/8*8
		case bytes < heapHeader:
			return errors.New("ends in zeros")
		default:
			used += bytes
		}
	}
	return nil
}
