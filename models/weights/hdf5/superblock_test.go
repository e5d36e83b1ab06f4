package hdf5

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

// TestCheck: what the first bytes of a file say about it, without the library.
func TestCheck(t *testing.T) {
	for _, name := range []string{"keras2.h5", "hdf5/latest.h5"} { // superblocks 0 and 3
		data, err := os.ReadFile("../testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		size := int64(len(data))
		if err := Check(bytes.NewReader(data), size); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err = Check(bytes.NewReader(data[:size/2]), size/2)
		if err == nil || !strings.Contains(err.Error(), "truncated: it has") {
			t.Errorf("half of %s: %v, want that it is truncated", name, err)
		}
	}
	second := append([]byte(Signature), 1, 0, 0, 0, 0, 8, 8, 0) // of version 1
	second = binary.LittleEndian.AppendUint64(append(second, make([]byte, 28)...), 999)
	for want, data := range map[string][]byte{
		"no HDF5 file":            []byte(Signature),
		"superblock of version 9": append([]byte(Signature+"\x09"), make([]byte, 60)...),
		"addresses of 0 bytes":    append([]byte(Signature+"\x02"), make([]byte, 60)...),
		"it has 96 bytes of 999":  append(second, make([]byte, 96-len(second))...),
	} {
		if err := Check(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check = %v, want %q in it", err, want)
		}
	}
}
