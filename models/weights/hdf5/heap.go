package hdf5

import (
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

// heapObject returns the object of this index in the collection that begins at an address.
// HDF5 1.10 reads collections for ever that end in zeros, as files do whose download stopped.
// HDF5 File Format Specification, version 3.0, section III.E.
func heapObject(r io.ReaderAt, at int64, index uint32) ([]byte, error) {
	head, err := bytesAt(r, at, heapHeader)
	if err != nil || string(head[:len(heapSignature)]) != heapSignature {
		return nil, fmt.Errorf("no heap begins at %d", at)
	}
	end := binary.LittleEndian.Uint64(head[8:])
	if end > maxHeap {
		return nil, fmt.Errorf("the heap has %d bytes, limit %d", end, maxHeap)
	}
	for used := uint64(heapHeader); used+heapHeader <= end; {
		if head, err = bytesAt(r, at+int64(used), heapHeader); err != nil {
			return nil, errors.New("the heap is cut off")
		}
		found, size := binary.LittleEndian.Uint16(head), binary.LittleEndian.Uint64(head[8:])
		switch used += heapHeader; {
		case found == 0: // the free space behind the objects
			return nil, fmt.Errorf("the heap has no object %d", index)
		case size > end-used:
			return nil, fmt.Errorf("the heap has an object of %d bytes", size)
		case uint32(found) == index:
			return bytesAt(r, at+int64(used), int64(size))
		}
		used += (size + 7) / 8 * 8
	}
	return nil, fmt.Errorf("the heap has no object %d", index)
}
