package heif

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"encoding/hex"
	"image/color"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tfpair/tfpair/pipeline/decode"
)

var use = sync.OnceValue(func() error { return decode.Add(HEIC(), AVIF()) })

func added(t testing.TB) {
	t.Helper()
	if err := use(); err != nil {
		t.Fatal(err)
	}
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestModules: the decoders are those whose sources licences/README.md names.
func TestModules(t *testing.T) {
	list, err := os.ReadFile("licences/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, module := range map[string][]byte{"heic.wasm.gz": heicModule, "avif.wasm.gz": avifModule} {
		sum := sha256.Sum256(module)
		if !bytes.Contains(list, []byte(hex.EncodeToString(sum[:]))) {
			t.Errorf("licences/README.md does not have the checksum of %s, %x", name, sum)
		}
	}
}

// TestPixels compares with what Pillow reads (testdata/make.py).
func TestPixels(t *testing.T) {
	added(t)
	rows, err := csv.NewReader(bytes.NewReader(file(t, "probes.csv"))).ReadAll()
	if err != nil || len(rows) < 40 {
		t.Fatalf("%d probes, %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		v := make([]int, len(row))
		for i := 1; i < len(row); i++ {
			if v[i], err = strconv.Atoi(row[i]); err != nil {
				t.Fatal(err)
			}
		}
		img, err := decode.Decode(file(t, row[0]), decode.Limits{})
		if err != nil {
			t.Errorf("%s: %v", row[0], err)
			continue
		}
		want := color.NRGBA{uint8(v[3]), uint8(v[4]), uint8(v[5]), 255}
		got := img.NRGBAAt(v[1], v[2])
		const tolerance = 3 // two decoders round colours at different places
		if d := max(apart(got.R, want.R), apart(got.G, want.G), apart(got.B, want.B)); d > tolerance || got.A != 255 {
			t.Errorf("%s: pixel (%d,%d) of %v = %v, want %v ± %d", row[0], v[1], v[2], img.Rect.Size(), got, want, tolerance)
		}
	}
}

func apart(a, b uint8) int { return int(max(a, b) - min(a, b)) }

// TestCuts cuts files at every byte: an error or a picture, no trap that ends the process.
func TestCuts(t *testing.T) {
	added(t)
	for _, name := range []string{"rgb.heic", "rgb.avif"} {
		data := file(t, name)
		for i := 0; i < len(data); i += 7 {
			if _, err := decode.Decode(data[:i], decode.Limits{}); err == nil && i < len(data)/2 {
				t.Errorf("%s cut at %d of %d: accepted", name, i, len(data))
			}
		}
	}
}

// TestRefuses: headers that lie, sizes over the limit, films.
func TestRefuses(t *testing.T) {
	added(t)
	size := func(name string, w, h uint32) []byte {
		data := bytes.Clone(file(t, name))
		for at := 0; ; {
			next := bytes.Index(data[at:], []byte("ispe"))
			if next < 0 {
				return data
			}
			at += next + 8
			binary.BigEndian.PutUint32(data[at:], w)
			binary.BigEndian.PutUint32(data[at+4:], h)
		}
	}
	film := append([]byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42"), make([]byte, 40)...)
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"side", size("rgb.avif", 50000, 48), "AVIF of 50000x48 pixels, limit 16384 a side"},
		{"area that a crop hides", size("rgb.heic", 16000, 16000), "HEIC of 64x48 pixels needs about"},
		{"area of AVIF", size("rgb.avif", 16000, 16000), "AVIF of 16000x16000 pixels needs about"},
		{"smaller than it is", size("rgb.heic", 32, 48), "damaged HEIC: crop of 64x48 from 32x48 pixels"},
		{"no size", size("rgb.avif", 0, 0), "damaged AVIF"},
		{"film", film, "not a JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF image"},
		{"head only", file(t, "rgb.heic")[:40], "HEIC"},
	}
	for _, tt := range tests {
		_, err := decode.Decode(tt.data, decode.Limits{})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q in it", tt.name, err, tt.want)
		}
	}
}

// TestAddTwice: a format has one decoder.
func TestAddTwice(t *testing.T) {
	added(t)
	if err := decode.Add(HEIC()); err == nil || err.Error() != "decoder of HEIC: there is one already" {
		t.Errorf("Add(HEIC) a second time: %v", err)
	}
	if err := decode.Add(decode.Decoder{Name: "X"}); err == nil {
		t.Error("Add of a decoder without functions: no error")
	}
}

// TestOrientation composes quarter turns and mirrors on a picture of 3×2 numbers.
func TestOrientation(t *testing.T) {
	type grid [][]int
	turn := func(g grid) grid { // anticlockwise
		out := grid{}
		for x := len(g[0]) - 1; x >= 0; x-- {
			var row []int
			for y := range g {
				row = append(row, g[y][x])
			}
			out = append(out, row)
		}
		return out
	}
	mirror := func(g grid, sideways bool) grid {
		out := grid{}
		for y := range g {
			row := append([]int(nil), g[y]...)
			if sideways {
				for x := range row {
					row[x] = g[y][len(row)-1-x]
				}
			} else {
				copy(row, g[len(g)-1-y])
			}
			out = append(out, row)
		}
		return out
	}
	stored := grid{{1, 2, 3}, {4, 5, 6}}
	// How EXIF shows the same picture: where its first two pixels are (CIPA DC-008, tag 0x0112).
	exif := map[int]grid{1: stored, 2: {{3, 2, 1}, {6, 5, 4}}, 3: {{6, 5, 4}, {3, 2, 1}}, 4: {{4, 5, 6}, {1, 2, 3}},
		5: {{1, 4}, {2, 5}, {3, 6}}, 6: {{4, 1}, {5, 2}, {6, 3}}, 7: {{6, 3}, {5, 2}, {4, 1}}, 8: {{3, 6}, {2, 5}, {1, 4}}}
	for turns := range 4 {
		for m := range 3 {
			want := stored
			for range turns {
				want = turn(want)
			}
			p := picture{turns: turns}
			if m > 0 {
				p.mirrored, p.mirror = true, byte(m-1)
				want = mirror(want, m == 2)
			}
			got := exif[p.orientation()]
			for y := range want {
				for x := range want[y] {
					if got[y][x] != want[y][x] {
						t.Fatalf("%d turns, mirror %d: EXIF %d", turns, m, p.orientation())
					}
				}
			}
		}
	}
}

// FuzzBoxes looks for panics in what reads boxes outside of the sandbox.
func FuzzBoxes(f *testing.F) {
	for _, name := range []string{"rgb.heic", "turned.avif", "grey.heic", "alpha.avif"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := primary(data)
		if err == nil && (p.width <= 0 || p.height <= 0) {
			t.Errorf("size %dx%d without an error", p.width, p.height)
		}
		hasBrand(data, "heic", "avif")
	})
}

// FuzzDecode looks for what gets out of the sandbox: a panic, or a picture of another size.
func FuzzDecode(f *testing.F) {
	added(f)
	for _, name := range []string{"rgb.heic", "turned.avif", "grey.heic", "alpha.avif"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := decode.Decode(data, decode.Limits{MaxBytes: 1 << 20, MaxSide: 256, MaxMemory: 16 << 20})
		if (img == nil) == (err == nil) {
			t.Errorf("picture %v, error %v", img != nil, err)
		}
		if err != nil && strings.Contains(err.Error(), "panic") {
			t.Error(err)
		}
	})
}
