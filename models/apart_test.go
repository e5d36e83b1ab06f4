package models

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// TestSmall: a network of integers is small by the bytes of its graph, or by its images.
func TestSmall(t *testing.T) {
	for _, c := range []struct {
		name  string
		int8  bool
		bytes int64
		side  int
		want  bool
	}{
		{"EfficientNet-Lite0", true, 6 << 20, 224, true},
		{"the same as float32", false, 16 << 20, 224, false},
		{"ResNet50", true, 26 << 20, 224, false},
		{"small images", true, 26 << 20, 64, true},
		{"large images", true, 6 << 20, 448, false},
		{"small, but float32", false, 1 << 20, 64, false},
	} {
		info := Info{Path: t.TempDir(), Manifest: Manifest{Preprocessing: Preprocessing{Options: resize.Options{Size: c.side}}}}
		if c.int8 {
			info.Manifest.Quantized = &Quantized{}
		}
		file := filepath.Join(info.Path, savedmodel.FileName)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, c.bytes); err != nil {
			t.Fatal(err)
		}
		if got := info.small(); got != c.want {
			t.Errorf("%s: small is %v, want %v", c.name, got, c.want)
		}
	}
}
