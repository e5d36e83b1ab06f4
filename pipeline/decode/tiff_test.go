package decode

import (
	"encoding/binary"
	"math"
	"testing"
)

// withTag returns a little-endian TIFF file in whose first directory the field of tag has another
// tag and a value.
func withTag(t testing.TB, data []byte, tag, becomes uint16, value uint32) []byte {
	t.Helper()
	at := int(binary.LittleEndian.Uint32(data[4:]))
	for f := range int(binary.LittleEndian.Uint16(data[at:])) {
		field := at + 2 + 12*f
		if binary.LittleEndian.Uint16(data[field:]) != tag {
			continue
		}
		data = patch(data, field, byte(becomes), byte(becomes>>8))
		size := 4
		if binary.LittleEndian.Uint16(data[field+2:]) == 3 { // SHORT
			size = 2
		}
		return patch(data, field+8, binary.LittleEndian.AppendUint32(nil, value)[:size]...)
	}
	t.Fatalf("no field %d", tag)
	return nil
}

// TestTIFFCost: decoding holds no more than the header promises, for each compression.
func TestTIFFCost(t *testing.T) {
	for _, name := range []string{"lzw", "deflate", "packbits", "plain", "alpha", "grey16", "grey", "palette", "fax"} {
		data := file(t, name+".tiff")
		h, err := tiffHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		if got := allocated(t, data); got > h.perPixel*width*height+fixed || math.IsNaN(h.perPixel) {
			t.Errorf("%s: allocated %.0f bytes, promised %.1f a pixel", name, got, h.perPixel)
		}
	}
}
