package matlab

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// file returns the bytes of a file that SciPy wrote: testdata/make.py.
func file(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRead(t *testing.T) {
	for _, name := range []string{"cars_annos.mat", "plain.mat"} {
		got, err := Read(file(t, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fields, names := got["annotations"].Fields, Text(got["class_names"].Cells)
		if len(names) != 196 || names[0] != "Maker Model 1 2012" || names[195] != "Maker Model 196 2012" {
			t.Errorf("%s: names of classes %q", name, names)
		}
		for i := range 20 {
			if got, want := fields["relative_im_path"][i].Text, fmt.Sprintf("car_ims/%06d.jpg", i+1); got != want {
				t.Errorf("%s: path %q, want %q", name, got, want)
			}
			for field, want := range map[string]float64{"bbox_x1": []float64{30, 2100, 147000}[i%3],
				"class": []float64{1, 98, 99, 150, 196}[i/4], "test": float64(i % 2)} {
				if n, err := fields[field][i].Number(); err != nil || n != want {
					t.Errorf("%s: %s of image %d is %g (%v), want %g", name, field, i+1, n, err, want)
				}
			}
		}
	}
}

func TestReadKinds(t *testing.T) {
	got, err := Read(file(t, "kinds.mat"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Value{
		"int8": {Numbers: []float64{-1, 2}}, "int16": {Numbers: []float64{-300}}, "uint16": {Numbers: []float64{60000}},
		"uint32": {Numbers: []float64{1 << 31}}, "int64": {Numbers: []float64{-1 << 40}}, "uint64": {Numbers: []float64{1 << 40}},
		"single": {Numbers: []float64{0.5}}, "double": {Numbers: []float64{1.5, 2.5, 3, 4}}, // by columns
		"empty": {Numbers: []float64{}}, "word": {Text: "Zürich"},
		"deep": {Fields: map[string][]Value{"a": {{Fields: map[string][]Value{"b": {{Numbers: []float64{7}}}}}}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	if _, err := got["double"].Number(); err == nil {
		t.Error("four numbers are one")
	}
}

func TestReadRefuses(t *testing.T) {
	whole := file(t, "plain.mat")
	other := append([]byte(nil), whole...)
	other[125] = 2
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"nothing":      {nil, "ends in the middle"},
		"text":         {[]byte(strings.Repeat("not a MATLAB file ", 10)), "not a MATLAB file of version 5"},
		"version":      {other, "version 0x200"},
		"cut":          {whole[:len(whole)/2], "ends in the middle"},
		"cut packed":   {file(t, "cars_annos.mat")[:300], "ends in the middle"},
		"complex":      {file(t, "complex.mat"), `variable "z": sparse and complex arrays are not read`},
		"HDF5 (v7.3)":  {append([]byte("\x89HDF\r\n\x1a\n"), make([]byte, 200)...), "not a MATLAB file of version 5"},
		"header alone": {whole[:128], ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(c.text)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("Read: %v, want %q", err, c.want)
			}
		})
	}
}

// TestReadBomb: what is small and unpacks to much is refused before it does.
func TestReadBomb(t *testing.T) {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(make([]byte, maxBytes+1)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	text := append([]byte(nil), file(t, "plain.mat")[:headerBytes]...)
	text = binary.LittleEndian.AppendUint32(text, typePacked)
	text = binary.LittleEndian.AppendUint32(text, uint32(packed.Len()))
	if _, err := Read(append(text, packed.Bytes()...)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Read: %v, want that it is too large", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"cars_annos.mat", "plain.mat", "kinds.mat", "complex.mat"} {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = Read(text) // no panic, no end of memory
	})
}
