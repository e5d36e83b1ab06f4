package index

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/distance"
)

// sealed returns data with the checksum it should have.
func sealed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(bytes.Clone(data), sum[:]...)
}

// TestDecodeRefuses: files that are not as they should be, by the message.
func TestDecodeRefuses(t *testing.T) {
	x := build(t, about("cosine", 3), []float32{1, 2, 3, 4, 5, 6})
	good := encode(t, x)
	replace := func(from, to string) []byte {
		if !bytes.Contains(good, []byte(from)) {
			t.Fatalf("%q is not there", from)
		}
		return sealed(bytes.Replace(good[:len(good)-32], []byte(from), []byte(to), 1))
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-40] ^= 1
	nan := bytes.Clone(good[:len(good)-32])
	copy(nan[len(nan)-4:], []byte{0, 0, 0xc0, 0x7f})
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "it is no index"},
		{"text", []byte("path,class\na.png,b\n and more of the same"), "it is no index; tfpair index build makes one"},
		{"later", bytes.Replace(good, []byte("index 1\n"), []byte("index 2\n"), 1), "written by a later version"},
		{"flipped", flipped, "its checksum differs"},
		{"half", good[:len(good)/2], "it ends too early"},
		{"short", good[:len(good)-1], "bytes, want"},
		{"long", append(bytes.Clone(good), 0), "bytes, want"},
		{"huge count", replace(`"count":2`, `"count":2000000000`), "want 24000000"},
		{"huge dim", replace(`"dim":3`, `"dim":99999999`), "vectors of length 99999999"},
		{"negative", replace(`"count":2`, `"count":-2`), "-2 vectors"},
		{"many items", replace(`"items_bytes":`, `"items_bytes":9999`), "316 bytes, want 1000"},
		{"endless items", replace(`"items_bytes":`, `"items_bytes":9999999999999`), "bytes of items"},
		{"no JSON", replace(`{"index"`, `["index"`), "header: "},
		{"bad item", replace(`{"id":"item 1"`, `["id":"item 1"`), "item 1: "},
		{"twice", replace(`{"id":"item 1"`, `{"id":"item 0"`), "the same id"},
		{"kind", replace(`"flat"`, `"flit"`), `unknown index "flit"`},
		{"NaN", sealed(nan), "vector 1: number 2 is NaN"},
		{"no end of header", append([]byte(magic), bytes.Repeat([]byte("a"), maxHeader+99)...), "header of more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.index")
			if err := os.WriteFile(path, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Read(path)
			var of *Error
			if !errors.As(err, &of) || of.Path != path || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Read = %v, want %q", err, c.want)
			}
		})
	}
	for path, want := range map[string]string{filepath.Join(t.TempDir(), "absent"): "no such file", t.TempDir(): "it is a folder"} {
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read(%q) = %v, want %q", path, err, want)
		}
	}
	if _, err := Decode(strings.NewReader(""), maxFile+1); err == nil || !strings.Contains(err.Error(), "want at most") {
		t.Errorf("Decode of more than there may be = %v", err)
	}
}

// FuzzDecode looks for panics, and for an index that is not what it writes. The checksum
// of what it tries is right, or little would be reached.
func FuzzDecode(f *testing.F) {
	for _, distance := range distance.Table.Names() {
		good := encode(f, build(f, about(distance, 3), []float32{1, 2, 3, 4, 5, 6}))
		f.Add(good[:len(good)-32])
		f.Add(good[:len(good)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := sealed(data)
		x, err := Decode(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		again := encode(t, x)
		y, err := Decode(bytes.NewReader(again), int64(len(again)))
		if err != nil || !bytes.Equal(again, encode(t, y)) {
			t.Fatalf("what it writes is not what it reads: %v", err)
		}
		if lists := search(t, x, x.Vector(0), 3); len(lists[0]) != min(3, x.Len()) {
			t.Errorf("Search = %v", lists)
		}
	})
}
