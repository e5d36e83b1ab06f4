package decode

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchmarkDecode decodes files in turn and reports images per second.
func benchmarkDecode(b *testing.B, files [][]byte) {
	b.Helper()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := Decode(files[i%len(files)], Limits{}); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

// BenchmarkDecodeMNIST decodes grey PNGs of 28x28 pixels.
func BenchmarkDecodeMNIST(b *testing.B) {
	z, err := zip.OpenReader(filepath.Join(dataDir(b, "mnist"), "mnist-small.zip"))
	if err != nil {
		b.Fatal(err)
	}
	defer z.Close()
	var files [][]byte
	for _, entry := range z.File {
		if len(files) == 200 || !strings.HasSuffix(entry.Name, ".png") {
			continue
		}
		r, err := entry.Open()
		if err != nil {
			b.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, data)
	}
	benchmarkDecode(b, files)
}

// BenchmarkDecodeGrocery decodes JPEG photos of 256x256 pixels.
func BenchmarkDecodeGrocery(b *testing.B) {
	var files [][]byte
	err := filepath.WalkDir(dataDir(b, "grocery"), func(path string, _ os.DirEntry, err error) error {
		if err != nil || len(files) == 100 || filepath.Ext(path) != ".jpg" {
			return err
		}
		data, err := os.ReadFile(path)
		files = append(files, data)
		return err
	})
	if err != nil || len(files) == 0 {
		b.Fatalf("%d files, %v", len(files), err)
	}
	benchmarkDecode(b, files)
}

// BenchmarkDecode decodes the test picture in each format.
func BenchmarkDecode(b *testing.B) {
	for name, data := range samples(b) {
		b.Run(name, func(b *testing.B) { benchmarkDecode(b, [][]byte{data}) })
	}
}
