package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/kept"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// countedFS counts the files that are opened.
type countedFS struct {
	fs.FS
	opens atomic.Int64
}

func (c *countedFS) Open(name string) (fs.File, error) { c.opens.Add(1); return c.FS.Open(name) }

func (c *countedFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(c.FS, name) }

// drawnPNG draws picture i.
func drawnPNG(t *testing.T, path string, i int) {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 90, 60))
	for k := range img.Pix {
		img.Pix[k] = uint8(k*k/53 + 40*i)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestStoreKept: a second store opens no file that has not changed, and gives the same pixels and identities.
func TestStoreKept(t *testing.T) {
	folder, keep := t.TempDir(), filepath.Join(t.TempDir(), "pixels")
	data := &dataset.Dataset{}
	var images []int32
	for i := range 5 {
		name := string(rune('a'+i)) + ".png"
		drawnPNG(t, filepath.Join(folder, name), i)
		data.Images, images = append(data.Images, dataset.Image{Path: name}), append(images, int32(i))
	}
	root := &countedFS{FS: os.DirFS(folder)}
	data.Root = root
	var sums []string
	read := func(identify bool) (opened int64, pixels []uint8) {
		t.Helper()
		o := StoreOptions{Identify: identify, Kept: &kept.Options{Folder: keep, MaxBytes: 1 << 20,
			Now: func() time.Time { return time.Now().Add(time.Minute) }}} // the files are old
		if err := o.Resize(resize.Options{Size: 16}, ""); err != nil {
			t.Fatal(err)
		}
		s := NewStore(data, o)
		defer s.Close()
		root.opens.Store(0)
		if bad, err := s.Prepare(t.Context(), images, nil); err != nil || bad != nil {
			t.Fatal(bad, err)
		}
		pixels = make([]uint8, len(images)*s.bytes)
		if err := s.Pixels(pixels, images); err != nil {
			t.Fatal(err)
		}
		if identify {
			sums = nil
			for _, i := range images {
				id, ok := s.Identity(i)
				file, err := os.ReadFile(filepath.Join(folder, data.Images[i].Path))
				if err != nil || !ok || id.SHA256 != sha256.Sum256(file) {
					t.Errorf("image %d has identity %v, %t (%v)", i, id, ok, err)
				}
				sums = append(sums, id.Hash.String())
			}
		}
		return root.opens.Load(), pixels
	}
	expect := func(what string, identify bool, want int64) []uint8 {
		t.Helper()
		opened, pixels := read(identify)
		if opened != want {
			t.Errorf("%s: %d files opened, want %d", what, opened, want)
		}
		return pixels
	}
	first := expect("the first time", false, 5)
	if again := expect("the second time", false, 0); !bytes.Equal(first, again) {
		t.Error("the second time pixels are others")
	}
	if known := expect("what they are known by is wanted", true, 5); !bytes.Equal(first, known) {
		t.Error("pixels are others")
	}
	before := sums
	expect("that is kept, too", true, 0)
	if len(before) != 5 || before[3] != sums[3] {
		t.Errorf("hashes are %v, were %v", sums, before)
	}

	changed := filepath.Join(folder, "c.png") // another picture of the same size and time
	info, err := os.Stat(changed)
	if err != nil {
		t.Fatal(err)
	}
	drawnPNG(t, changed, 9)
	if err := os.Chtimes(changed, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	after := expect("one has changed", true, 1)
	size := len(after) / 5
	if bytes.Equal(after[2*size:3*size], first[2*size:3*size]) || !bytes.Equal(after[:2*size], first[:2*size]) {
		t.Error("the pixels of the changed file, or of others, are wrong")
	}
	if err := os.Rename(filepath.Join(folder, "a.png"), filepath.Join(folder, "z.png")); err != nil { // another entry of the disk
		t.Fatal(err)
	}
	data.Images[0].Path = "z.png"
	expect("one has another name", true, 1)
	expect("and the next time", true, 0)
}

// TestKeptVersion: pixels that are kept are found by the way they were made. Where this fails, the same file
// becomes other pixels than before: raise version in package kept, and put the new sum here.
func TestKeptVersion(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("other processors round otherwise")
	}
	path := filepath.Join(t.TempDir(), "a.png")
	drawnPNG(t, path, 1)
	data := &dataset.Dataset{Root: os.DirFS(filepath.Dir(path)), Images: []dataset.Image{{Path: "a.png"}}}
	sum := sha256.New()
	for _, mode := range resize.Modes() {
		for _, filter := range resize.Filters() {
			var o StoreOptions
			if err := o.Resize(resize.Options{Size: 16, Mode: mode, Filter: filter}, ""); err != nil {
				t.Fatal(err)
			}
			s := NewStore(data, o)
			pixels := make([]uint8, s.bytes)
			if err := s.Pixels(pixels, []int32{0}); err != nil {
				t.Fatal(err)
			}
			sum.Write(pixels)
			s.Close()
		}
	}
	const want = "f0fde94da98aa0d4" // of version 1, on amd64
	if got := hex.EncodeToString(sum.Sum(nil)[:8]); got != want {
		t.Errorf("pixels have the sum %s, want %s", got, want)
	}
}
