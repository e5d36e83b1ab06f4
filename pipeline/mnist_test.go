package pipeline

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// mnistSmall returns the images of mnist-small.zip, or skips.
func mnistSmall(t testing.TB) *dataset.Dataset {
	t.Helper()
	root := os.Getenv("TFPAIR_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data") // from this package's folder
	}
	path := filepath.Join(root, "mnist", "mnist-small.zip")
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Skipf("mnist-small, set TFPAIR_DATA to the folder that holds mnist: %v", err)
	}
	t.Cleanup(func() {
		if err := archive.Close(); err != nil {
			t.Error(err)
		}
	})
	ds := &dataset.Dataset{Name: "mnist-small", Root: &archive.Reader}
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, ".png") {
			ds.Images = append(ds.Images, dataset.Image{Path: f.Name})
		}
	}
	return ds
}

// TestPrepareMNIST reads real files from an archive, as many as are quick to decode.
func TestPrepareMNIST(t *testing.T) {
	ds := mnistSmall(t)
	ds.Images = ds.Images[:200]
	store := testStore(t, ds, StoreOptions{Resizer: mustResizer(t, 64)})
	bad, err := store.Prepare(t.Context(), all(ds), nil)
	if err != nil || len(bad) > 0 {
		t.Fatalf("error %v, %d bad images: %v", err, len(bad), bad)
	}
	if memory, disk := store.Cached(); memory != len(ds.Images) || disk != 0 {
		t.Errorf("%d of %d images in memory, %d on disk", memory, len(ds.Images), disk)
	}
}

// BenchmarkPrepareMNIST reports the files of mnist-small.zip decoded and resized to
// 64 pixels per second.
func BenchmarkPrepareMNIST(b *testing.B) {
	ds := mnistSmall(b)
	resizer := mustResizer(b, 64)
	for b.Loop() {
		store := testStore(b, ds, StoreOptions{Resizer: resizer})
		if _, err := store.Prepare(b.Context(), all(ds), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(ds.Images)*b.N)/b.Elapsed().Seconds(), "images/s")
}
