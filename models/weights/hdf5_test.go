//go:build hdf5 && cgo

package weights

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// kerasFiles are the files of testdata/write_keras.py that hold the whole network, and the
// layouts that they are of.
var kerasFiles = map[string]string{
	"keras2.h5":                  "keras",
	"keras2_model.h5":            "keras",
	"keras2.keras":               "keras3",
	"keras3.weights.h5":          "keras3",
	"keras3.keras":               "keras3",
	"keras3_model.h5":            "keras",
	"keras3_bfloat16.weights.h5": "keras3",
	"nested.weights.h5":          "keras3",
}

// kerasPlaces are the layers that have weights, and their places in the order of all layers.
var kerasPlaces = map[string]int{"conv1_conv": 1, "conv1_bn": 2, "conv2_block1_1_conv": 4,
	"conv2_block1_0_conv": 5, "conv2_block1_1_bn": 6, "conv2_block1_0_bn": 7}

// kerasNetwork returns the network of write_keras.py, and its tensors as the script fills
// them, biases folded.
func kerasNetwork() (Network, []Tensor) {
	shapes := map[string][]int64{"conv1_conv/kernel": {3, 3, 3, 3},
		"conv2_block1_0_conv/kernel": {1, 1, 3, 2}, "conv2_block1_1_conv/kernel": {1, 1, 3, 2}}
	for layer, channels := range map[string]int64{"conv1_bn": 3, "conv2_block1_0_bn": 2, "conv2_block1_1_bn": 2} {
		for _, field := range normFields {
			shapes[layer+"/"+field] = []int64{channels}
		}
	}
	var tensors []Tensor
	for key, shape := range shapes {
		layer, field, _ := strings.Cut(key, "/")
		first := float32(kerasPlaces[layer] - 1)
		n, err := elements(shape)
		if err != nil {
			panic(err)
		}
		x := Tensor{Name: ownPrefix + key, Shape: shape, Data: make([]float32, n)}
		for i := range x.Data {
			x.Data[i] = first + float32(i)/8
			switch field {
			case "moving_variance":
				x.Data[i] += 2
			case "moving_mean": // the bias in front of it has the same eighths
				x.Data[i] = float32(kerasPlaces[layer] - kerasPlaces[strings.TrimSuffix(layer, "bn")+"conv"])
			}
		}
		tensors = append(tensors, x)
	}
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return networkOf(resNet50, tensors), tensors
}

// TestKeras: files that Keras wrote give the tensors that it had, whatever its version.
func TestKeras(t *testing.T) {
	network, want := kerasNetwork()
	for name, layout := range kerasFiles {
		f, err := Read(filepath.Join("testdata", name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := f.Import(network)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got.Tensors); diff != "" || got.Layout.Name != layout {
			t.Errorf("%s: layout %s, want %s; (-want +got):\n%s", name, got.Layout.Name, layout, diff)
		}
	}
}

// TestKeras1: an older network of the same name is recognized, not taken for ours.
func TestKeras1(t *testing.T) {
	f, err := Read("testdata/keras1.h5")
	if err != nil {
		t.Fatal(err)
	}
	network, _ := kerasNetwork()
	if _, err := f.Import(network); err == nil || !strings.Contains(err.Error(), "Keras 1") {
		t.Errorf("Import = %v, want that it is of Keras 1", err)
	}
}

// TestHDF5: what of HDF5 is read, and what is refused with the reason.
func TestHDF5(t *testing.T) {
	want := Tensor{Name: "a/b", Shape: []int64{2, 3, 4}, Data: make([]float32, 24)}
	for i := range want.Data {
		want.Data[i] = float32(i)
	}
	for name, tensors := range map[string][]Tensor{
		"latest":     {want},
		"compressed": {want},
		"links":      {want},
		"attribute":  {called(want, "layers/conv2d/vars/0")},
		"types": {called(want, "a/<f2"), called(want, "a/<f8"), called(want, "a/>f4"),
			{Name: "a/none", Shape: []int64{0, 3}, Data: []float32{}},
			{Name: "a/scalar", Shape: []int64{}, Data: []float32{7}}},
	} {
		f, err := Read("testdata/hdf5/" + name + ".h5")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(tensors, f.Tensors); diff != "" || len(f.Layers) > 0 {
			t.Errorf("%s: layers %v, (-want +got):\n%s", name, f.Layers, diff)
		}
	}
	for name, want := range map[string]string{
		"unwritten": `dataset "a/b": its numbers were never written`,
		"partial":   `dataset "a/b": 1 of its 2 chunks were never written`,
		"huge":      `tensor "a/b": shape`,
		"wide":      "its chunks have more than 268435456 bytes",
		"external":  "its numbers are in another file",
		"virtual":   "its storage is of kind 3",
		"cycle":     "or in themselves",
		"opaque":    `("float8_e4m3fn")`,
		"null":      "it has no elements",
		"integers":  "it holds no tensors",
	} {
		_, err := Read("testdata/hdf5/" + name + ".h5")
		var refused *Error
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Read = %v, want %q in it", name, err, want)
		}
	}
}

// TestHDF5Truncated: no part of a file is taken for the whole, wherever it ends.
func TestHDF5Truncated(t *testing.T) {
	for _, name := range []string{"keras2.h5", "keras3.weights.h5", "keras3.keras", "hdf5/latest.h5"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, share := range []int{1, 10, 50, 90, 99} {
			path := write(t, data[:len(data)*share/100])
			if _, err := Read(path); err == nil {
				t.Errorf("%d %% of %s are read without an error", share, name)
			}
		}
	}
}

// TestHDF5Zeros: files of full length whose end is zeros, as of a download that stopped, are
// an error or, where only numbers are missing, read; the program goes on.
func TestHDF5Zeros(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zeros.h5")
	for name := range kerasFiles {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for at := len(data) - 1; at > 0; at -= 1024 {
			clear(data[at:])
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			if f, err := Read(path); err == nil && len(f.Tensors) == 0 {
				t.Errorf("%s, zeros from byte %d on: no tensors and no error", name, at)
			}
		}
	}
}

// TestHDF5Damaged: a damaged file is an error or has other numbers; the program goes on.
func TestHDF5Damaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "damaged.h5")
	for _, name := range []string{"keras2.h5", "keras3.weights.h5"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		for at := 8; at < len(data); at += 97 {
			damaged := bytes.Clone(data)
			damaged[at] ^= 0xff
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			if f, err := Read(path); err == nil && len(f.Tensors) == 0 {
				t.Errorf("%s, byte %d: no tensors and no error", name, at)
			}
		}
	}
}

// TestHDF5Wide: a number of gigabytes is refused before there is memory for it.
func TestHDF5Wide(t *testing.T) {
	data, err := os.ReadFile("testdata/keras2.h5")
	if err != nil {
		t.Fatal(err)
	}
	single := []byte{0x11, 0x20, 0x1f, 0, 4, 0, 0, 0} // float32's type: its size from byte 4 on
	at := bytes.Index(data, single)
	if at < 0 {
		t.Fatal("there is no float32")
	}
	data[at+7] = 0x7f
	_, err = Read(write(t, data))
	if want := "its numbers have 2130706436 bytes, limit 16"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Read = %v, want %q in it", err, want)
	}
}

// TestHDF5Concurrent: readers share the library, which has one caller at a time.
func TestHDF5Concurrent(t *testing.T) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for name := range kerasFiles {
				if _, err := Read(filepath.Join("testdata", name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// TestKerasTemporary: nothing is left of a .keras archive.
func TestKerasTemporary(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	if _, err := Read("testdata/keras3.keras"); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}
