package evaluate

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// grey is a model of pictures of one pixel: the embedding [1] is the first channel,
// the distance the difference of two.
type grey struct{}

func (grey) Dim() int { return 1 }

func (grey) Distance() distance.Distance {
	return distance.New(func(a, b []float32) float64 { return math.Abs(float64(a[0] - b[0])) }, nil)
}

func (grey) Embed(pixels []uint8) ([]float32, error) {
	var e []float32
	for i := 0; i < len(pixels); i += 3 {
		e = append(e, float32(pixels[i]))
	}
	return e, nil
}

func (g grey) Compare(e []float32, left, right []int32) (distances, probability []float32, err error) {
	return g.Distance().Pairs(e, 1, left, right), nil, nil
}

// pixel returns a picture of one pixel of this value.
func pixel(t *testing.T, value uint8) *fstest.MapFile {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 1, 1))
	img.SetGray(0, 0, color.Gray{Y: value})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

// openGreys opens data in files, whose pictures have one pixel.
func openGreys(t *testing.T, files fstest.MapFS, name string) (*dataset.Dataset, *pipeline.Store) {
	t.Helper()
	data, err := dataset.Open(dataset.Options{Data: name, FS: files})
	if err != nil {
		t.Fatal(err)
	}
	resizer, err := resize.New(resize.Options{Size: 1, Mode: "squash", Filter: "linear"})
	if err != nil {
		t.Fatal(err)
	}
	store := pipeline.NewStore(data, pipeline.StoreOptions{Resizer: resizer})
	t.Cleanup(func() { store.Close(); data.Close() })
	return data, store
}
