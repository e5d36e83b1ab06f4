package export

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/onnx"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// saysOf returns what model.onnx in folder says of itself.
func saysOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, onnx.FileName))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := onnx.Metadata(data)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestONNX: model.onnx is one of the model's files, says what the manifest says, and goes on to the next version
// with its threshold. TestInteropONNX of package cli runs it.
func TestONNX(t *testing.T) {
	folder, out := trainedtest.Run(t, nil), filepath.Join(t.TempDir(), "model")
	c := config(folder, out)
	c.ONNX = true
	first, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if size := first.Manifest.Files[onnx.FileName].Size; size == 0 {
		t.Errorf("the manifest lists %v, want %s among them", first.Manifest.Files, onnx.FileName)
	}
	says := saysOf(t, first.Path)
	if says[names.MetaSpace] != first.Manifest.Space || says[names.MetaDistance] != first.Manifest.Distance || says[names.MetaThreshold] == "" {
		t.Errorf("metadata are %v, the manifest says %+v", says, first.Manifest)
	}
	manifest := first.Manifest
	manifest.Threshold = models.Threshold{Value: 0.25, Source: "by hand"}
	second, err := Rewrite{Model: first.Path, Manifest: manifest, Out: out, Tool: "tfpair test"}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	says[names.MetaThreshold] = "0.25"
	if got := saysOf(t, second.Path); !maps.Equal(got, says) {
		t.Errorf("after another threshold metadata are %v, want %v", got, says)
	}
	if err := os.WriteFile(filepath.Join(second.Path, onnx.FileName), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if model, err := models.Load(second.Path); err == nil {
		t.Errorf("a model with another %s loads: %v", onnx.FileName, model.Close())
	}
}

// TestONNXInt8: beside a model with int8 layers, model.onnx has them, too, and their embedding space.
func TestONNXInt8(t *testing.T) {
	folder, out := trainedtest.Run(t, onDrawn(t), "input.size=32"), filepath.Join(t.TempDir(), "model")
	c := config(folder, out)
	c.ONNX, c.Int8 = true, &Int8{Data: opened(t), MaxDrop: 100}
	r, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if says := saysOf(t, r.Path); says[names.MetaSpace] != r.Manifest.Space {
		t.Errorf("metadata are %v, the space is %s", says, r.Manifest.Space)
	}
	data, err := os.ReadFile(filepath.Join(r.Path, onnx.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for operation, want := range map[string]int{"QuantizeLinear": 3, "Conv": 2} { // of the pixels and of both layers
		if n := bytes.Count(data, append([]byte{0x22, byte(len(operation))}, operation...)); n < want { // field 4 of a node
			t.Errorf("%d operations are %s, want %d or more", n, operation, want)
		}
	}
}
