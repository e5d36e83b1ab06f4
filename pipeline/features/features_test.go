package features

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var small = Options{Network: Sum{1}, Rows: 5, Length: 3, Block: 2, Type: Float32}

// inputs are the inputs of a block of f.
func inputs(f *File, block int) []Sum {
	first, end := f.Span(block)
	var list []Sum
	for row := first; row < end; row++ {
		list = append(list, Sum{byte(row)})
	}
	return list
}

// number is what a row holds: numbers that float16 has.
func number(row, i int) float32 { return float32(row) + float32(i)/4 }

func open(t *testing.T, path string, o Options) *File {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func fill(t *testing.T, f *File) {
	t.Helper()
	for block := range f.Blocks() {
		first, end := f.Span(block)
		var rows []float32
		for row := first; row < end; row++ {
			for i := range f.Length {
				rows = append(rows, number(row, i))
			}
		}
		if err := f.Put(block, inputs(f, block), rows); err != nil {
			t.Fatal(err)
		}
	}
}

// fresh returns which blocks are.
func fresh(t *testing.T, f *File) []bool {
	t.Helper()
	var list []bool
	for block := range f.Blocks() {
		ok, err := f.Fresh(block, inputs(f, block))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, ok)
	}
	return list
}

func TestRows(t *testing.T) {
	for _, typ := range []Type{Float16, Float32} {
		o := small
		o.Type = typ
		path := filepath.Join(t.TempDir(), "cache", "features")
		f := open(t, path, o)
		if got := fresh(t, f); slices.Contains(got, true) {
			t.Errorf("%s: fresh blocks of a new file: %v", typ, got)
		}
		fill(t, f)
		f = open(t, path, o)
		if got := fresh(t, f); slices.Contains(got, false) {
			t.Errorf("%s: fresh blocks of a full file: %v", typ, got)
		}
		for row := range o.Rows {
			dst := make([]float32, o.Length)
			if err := f.Row(dst, row); err != nil {
				t.Fatal(err)
			}
			for i, x := range dst {
				if x != number(row, i) {
					t.Errorf("%s: row %d, number %d = %v, want %v", typ, row, i, x, number(row, i))
				}
			}
		}
		// A sum for each of three blocks, then five rows of three numbers, of halves with an exponent.
		want := map[Type]int64{Float16: 3*32 + 5*(2+3*2), Float32: 3*32 + 5*3*4}[typ]
		if info, err := os.Stat(path); err != nil || info.Size() != want {
			t.Errorf("%s: file of %v bytes, %v; want %d", typ, info.Size(), err, want)
		}
	}
}

// TestStale: rows of another network, of other inputs, of another form or with a
// changed bit are not there.
func TestStale(t *testing.T) {
	path := filepath.Join(t.TempDir(), "features")
	fill(t, open(t, path, small))
	for name, change := range map[string]func(*Options){
		"network": func(o *Options) { o.Network[31]++ },
		"type":    func(o *Options) { o.Type, o.Length = Float16, 5 },
	} {
		o := small
		change(&o)
		copied := filepath.Join(t.TempDir(), "features")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := fresh(t, open(t, copied, o)); slices.Contains(got, true) {
			t.Errorf("other %s: fresh blocks %v, want none", name, got)
		}
	}
	f := open(t, path, small)
	other := inputs(f, 1)
	other[1][7]++
	if ok, err := f.Fresh(1, other); ok || err != nil {
		t.Errorf("Fresh(other input) = %v, %v; want false", ok, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range data {
		data[at] ^= 4
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		data[at] ^= 4
		block := at / (32 + 2*3*4)
		for i, ok := range fresh(t, f) {
			if ok != (i != block) {
				t.Fatalf("bit of byte %d: block %d fresh %v", at, i, ok)
			}
		}
	}
}

// TestTorn: of a file cut off anywhere, the blocks that are whole are there.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "features")
	f := open(t, path, small)
	fill(t, f)
	const block = 32 + 2*3*4
	for length := f.Bytes(); length >= 0; length-- {
		fill(t, f)
		if err := os.Truncate(path, length); err != nil {
			t.Fatal(err)
		}
		for i, ok := range fresh(t, open(t, path, small)) {
			if want := int64(i+1)*block <= length || length == f.Bytes(); ok != want {
				t.Fatalf("file of %d bytes: block %d fresh %v, want %v", length, i, ok, want)
			}
		}
	}
}

// TestHalves: numbers of a row keep 11 bits, whatever the size of the largest.
func TestHalves(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, size := range []float64{1e-30, 1e-6, 1, 70000, 1e30} {
		row := make([]float32, 100)
		for i := range row {
			row[i] = float32(size * r.NormFloat64())
		}
		got := make([]float32, len(row))
		readHalves(got, appendHalves(nil, row))
		for i, x := range row {
			if d := math.Abs(float64(got[i] - x)); d > math.Abs(float64(x))/2048 {
				t.Fatalf("size %g: number %v comes back as %v", size, x, got[i])
			}
		}
	}
	zeros := []float32{1, 2}
	readHalves(zeros, appendHalves(nil, make([]float32, 2)))
	if zeros[0] != 0 || zeros[1] != 0 {
		t.Errorf("zeros come back as %v", zeros)
	}
}

func TestNotFinite(t *testing.T) {
	for _, typ := range []Type{Float16, Float32} {
		f := open(t, filepath.Join(t.TempDir(), "features"), Options{Rows: 3, Length: 2, Block: 3, Type: typ})
		for _, x := range []float64{math.NaN(), math.Inf(-1)} {
			rows := []float32{0, 1, 65504, float32(x), 2, 65520}
			var e *NotFiniteError
			if err := f.Put(0, make([]Sum, 3), rows); !errors.As(err, &e) || e.Row != 1 {
				t.Errorf("%s: Put(%v) = %v, want a NotFiniteError of row 1", typ, x, err)
			}
		}
	}
}

func TestSpace(t *testing.T) {
	o := Options{Rows: 1 << 40, Length: 1 << 10, Block: 32, Type: Float32}
	var e *SpaceError
	if _, err := Open(filepath.Join(t.TempDir(), "features"), o); !errors.As(err, &e) || e.Needed < 1<<50 {
		t.Errorf("Open(4 PB) = %v, want a SpaceError", err)
	}
}

// TestLinks: nothing is written where a link leads.
func TestLinks(t *testing.T) {
	elsewhere := t.TempDir()
	victim := filepath.Join(elsewhere, "features")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, link := range []struct{ name, to string }{{"cache", elsewhere}, {"cache/features", victim}} {
		folder := t.TempDir()
		at := filepath.Join(folder, filepath.FromSlash(link.name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.Symlink(link.to, at)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(filepath.Join(folder, "cache", "features"), small); err == nil || !strings.Contains(err.Error(), "is a link") {
			t.Errorf("Open with %s as a link = %v, want an error that says so", link.name, err)
		}
		if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
			t.Errorf("what %s leads to is %q, %v", link.name, text, err)
		}
	}
}
