package pipeline

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/pipeline/sampler"
)

// TestMain fails where a goroutine outlives the tests.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testSize = 8 // pixels per side of the tests' batches

// countingFS counts the files that are opened.
type countingFS struct {
	fs.FS
	opens atomic.Int64
}

func (c *countingFS) Open(name string) (fs.File, error) {
	c.opens.Add(1)
	return c.FS.Open(name)
}

// testData returns n small noise images in four classes, and their file system.
func testData(t testing.TB, n int) (*dataset.Dataset, *countingFS) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	files := fstest.MapFS{}
	ds := &dataset.Dataset{Name: "noise", Classes: []string{"a", "b", "c", "d"}}
	for i := range n {
		img := image.NewNRGBA(image.Rect(0, 0, 5+i%3, 4+i%5))
		for j := range img.Pix {
			img.Pix[j] = uint8(r.Uint32()) | 0xff*uint8(j%4/3) // opaque
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("%c/%03d.png", 'a'+i%4, i)
		files[path] = &fstest.MapFile{Data: b.Bytes()}
		ds.Images = append(ds.Images, dataset.Image{
			Path: path, Class: int32(i % 4), Split: dataset.Train, Size: int64(b.Len()),
		})
	}
	root := &countingFS{FS: files}
	ds.Root = root
	return ds, root
}

// spoil replaces the files of the given images by something that is no image.
func spoil(ds *dataset.Dataset, root *countingFS, images ...int32) {
	for _, i := range images {
		root.FS.(fstest.MapFS)[ds.Images[i].Path] = &fstest.MapFile{Data: []byte("no image")}
	}
}

func testStore(t testing.TB, ds *dataset.Dataset, o StoreOptions) *Store {
	t.Helper()
	if o.Resizer.Bytes() == 0 {
		o.Resizer = mustResizer(t, testSize)
	}
	s := NewStore(ds, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustResizer(t testing.TB, size int) resize.Resizer {
	t.Helper()
	r, err := resize.New(resize.Options{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// testSampler draws triplets from all images of ds.
func testSampler(t testing.TB, ds *dataset.Dataset, batch int) sampler.Sampler {
	t.Helper()
	maker, err := sampler.Table.New(&named.Choice{Name: "triplets"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := maker.New(sampler.Source{
		Part:      dataset.Part{Images: all(ds)},
		Labels:    Labels(ds),
		BatchSize: batch,
		Tuples:    sampler.Triplets,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// all returns the indices of all images of ds.
func all(ds *dataset.Dataset) []int32 {
	images := make([]int32, len(ds.Images))
	for i := range images {
		images[i] = int32(i)
	}
	return images
}

// testPixels decodes and resizes one image by the standard library's decoder: what
// a Store must give for it.
func testPixels(t testing.TB, ds *dataset.Dataset, s *Store, i int32) []uint8 {
	t.Helper()
	data, err := fs.ReadFile(ds.Root.(*countingFS).FS, ds.Images[i].Path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	src := image.NewNRGBA(img.Bounds())
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			src.Set(x, y, color.NRGBAModel.Convert(img.At(x, y)))
		}
	}
	dst := make([]uint8, s.bytes)
	s.options.Resizer.Into(dst, src)
	return dst
}
