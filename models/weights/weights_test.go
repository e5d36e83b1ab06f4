package weights

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tfpair/tfpair/internal/named"
)

// TestDamagedTorch: one bit of a storage was flipped, and only the archive's checksum tells.
func TestDamagedTorch(t *testing.T) {
	want := regexp.MustCompile(`pytorch: member "[^"]*data/[0-9]+" is damaged: its bytes have CRC-32 [0-9a-f]{8}`)
	if _, err := Read("testdata/flipped.pth"); err == nil || !want.MatchString(err.Error()) {
		t.Errorf("Read of a file with a flipped bit = %v, want %v", err, want)
	}
}

// TestIntegers: weights that were quantized without a place for their scale are refused, where
// the network is known and where it is not; counters and what the network does not want may be
// integers.
func TestIntegers(t *testing.T) {
	f, err := Read("testdata/int8.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	shapes := map[string][]int64{}
	for _, x := range f.Tensors {
		shapes[x.Name] = x.Shape
	}
	_, imported := f.Import(Network{Name: "smallconv", Shapes: shapes})
	for _, err := range []error{f.CheckTypes(), imported} {
		const want = `4 tensors of integers or bools, which are no weights without a scale: ` +
			`"backbone/conv1/bias" (I8), "backbone/conv1/kernel" (I8), "backbone/dense/bias" (I8) and 1 more; weights are F32, F64, F16, BF16`
		var refused *Error
		if !errors.As(err, &refused) || !slices.Contains(refused.Problems, want) {
			t.Errorf("int8 weights: %v, want %s", err, want)
		}
	}
	network, _ := smallNetwork("torchvision")
	f = mustRead(t, safe(t, smallFiles()["torchvision"]))
	f.add(Tensor{Name: "layer1.0.bn9.num_batches_tracked", Shape: []int64{}, Data: []float32{7}}, element{name: "I64"})
	f.wholes["layer1.0.bn1.num_batches_tracked"] = "I64"
	if _, err := f.Import(network); err != nil {
		t.Errorf("a counter of batches: %v", err)
	}
	if err := f.CheckTypes(); err != nil {
		t.Errorf("a counter of batches: %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing there: %v, want fs.ErrNotExist", err)
	}
	var refused *Error
	if _, err := Read(dir); !errors.As(err, &refused) {
		t.Errorf("a folder: %v, want an *Error", err)
	}
	large := filepath.Join(dir, "large")
	if err := os.WriteFile(large, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, maxBytes+1); err != nil { // takes no room on the disk
		t.Skip(err)
	}
	if _, err := Read(large); err == nil || !strings.Contains(err.Error(), "larger than 4294967296 bytes") {
		t.Errorf("5 GB: %v", err)
	}
}

// TestWrite: what was written is read as it was, and says what it needs.
func TestWrite(t *testing.T) {
	network, want := smallNetwork("torchvision")
	f := mustRead(t, torchLegacy(smallFiles()["torchvision"]))
	imported, err := f.Import(network)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := Write(path, f, network, imported); err != nil {
		t.Fatal(err)
	}
	back, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.Import(network)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.Tensors, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(torchOptions, again.Layout.Options); diff != "" || again.Layout.Network != resNet50 {
		t.Errorf("options of %q (-want +got):\n%s", again.Layout.Network, diff)
	}
	var exists *ExistsError
	if err := Write(path, f, network, imported); !errors.As(err, &exists) {
		t.Errorf("second Write = %v, want an *ExistsError", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("folder holds %v, %v, want the file alone", left, err)
	}
}

// TestCheck: weights whose shapes fit are refused where the backbone computes something else.
func TestCheck(t *testing.T) {
	tests := []struct {
		layout  string
		options map[string]any
		want    string // in the error, "" for none
	}{
		{"torchvision", map[string]any{"stride_on": "3x3", "preprocess": "torch", "bn_epsilon": float32(1e-5)}, ""},
		{"keras", map[string]any{"stride_on": "1x1", "preprocess": "caffe", "bn_epsilon": float32(1.001e-5)}, ""},
		{"efficientnet-lite0", map[string]any{"bn_epsilon": 1e-3}, ""},
		{"tfpair", map[string]any{"stride_on": "3x3"}, ""},
		{"keras3", map[string]any{"stride_on": "3x3", "preprocess": "caffe", "bn_epsilon": 1e-5},
			"give --set backbone.b.bn_epsilon=1.001e-05 --set backbone.b.stride_on=1x1"},
		{"transformers", map[string]any{"stride_on": "1x1", "preprocess": "torch", "bn_epsilon": 1e-5},
			"backbone.b.stride_on is 1x1, want 3x3"},
	}
	for _, tt := range tests {
		backbone, err := named.Choose("b", tt.options)
		if err != nil {
			t.Fatal(err)
		}
		err = mustRead(t, safe(t, smallFiles()[tt.layout])).Check(backbone)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Check = %v, want %q", tt.layout, err, tt.want)
		}
	}
}

// TestNoHDF5 holds where the reader is not built in.
func TestNoHDF5(t *testing.T) {
	for format, data := range map[string][]byte{
		"hdf5":  []byte("\x89HDF\r\n\x1a\n and more"),
		"keras": archive(t, member{name: "model.weights.h5"}),
	} {
		_, err := Read(write(t, data))
		var missing *NoHDF5Error
		switch {
		case errors.As(err, new(*Error)):
			t.Skip("this build reads HDF5")
		case !errors.As(err, &missing) || missing.Format != format:
			t.Errorf("%s: Read = %v, want a *NoHDF5Error", format, err)
		}
	}
}
