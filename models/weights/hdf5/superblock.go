package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Signature begins every HDF5 file.
const Signature = "\x89HDF\r\n\x1a\n"

// Check says what is wrong with an HDF5 file of so many bytes before the library sees it:
// with its first bytes, and with its end, which the superblock says where to look for. HDF5 File
// Format Specification, version 3.0, section II.A.
func Check(r io.ReaderAt, size int64) error {
	head := make([]byte, 64)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n < len(head) || string(head[:8]) != Signature {
		return errors.New("no HDF5 file: the superblock is missing")
	}
	var width byte // of addresses
	var at int     // of the end of the file: the third address
	switch version := head[8]; version {
	case 0:
		width, at = head[13], 24+16
	case 1:
		width, at = head[13], 28+16
	case 2, 3:
		width, at = head[9], 12+16
	default:
		return fmt.Errorf("HDF5 superblock of version %d, known are 0 to 3", version)
	}
	if width != 8 {
		return fmt.Errorf("HDF5 addresses of %d bytes, want 8", width)
	}
	if end := binary.LittleEndian.Uint64(head[at:]); end > uint64(size) {
		return fmt.Errorf("the file is truncated: it has %d bytes of %d", size, end)
	}
	return nil
}
