package inference_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// photos are the paths of n grocery photos, evenly spread; the test is skipped without them.
func photos(t *testing.T, n int) (root string, paths []string) {
	t.Helper()
	root = filepath.Join(os.Getenv("TFPAIR_DATA"), "grocery")
	if os.Getenv("TFPAIR_DATA") == "" {
		t.Skip("TFPAIR_DATA is not set")
	}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".jpg" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < n {
		t.Skipf("%d grocery photos, %v", len(paths), err)
	}
	var some []string
	for i := range n {
		some = append(some, paths[i*len(paths)/n])
	}
	return root, some
}

// TestDecoders: the pixels of 500 photos of 256 pixels hardly depend on the decoder where it decodes them in
// full, and little where it decodes a part of their size. It is measured in levels of 255: a photo that is
// saved once more, as JPEG of quality 90, is 1.4 off.
func TestDecoders(t *testing.T) {
	root, paths := photos(t, 500)
	j, err := session.SharedJPEG(session.Options{Device: session.CPU})
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	for size, most := range map[int]float64{224: 0.5, 64: 2, 16: 2} { // at 1/1, 1/2, 1/4
		r, err := resize.New(resize.Options{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		full, reduced := make([]uint8, r.Bytes()), make([]uint8, r.Bytes())
		squares, n := 0.0, 0
		for _, path := range paths {
			for _, of := range []struct {
				to []uint8
				decode.Reader
			}{{full, decode.Reader{}}, {reduced, decode.Reader{JPEG: j, Reduce: r.Reduction}}} {
				img, err := of.Open(os.DirFS(root), path)
				if err != nil {
					t.Fatal(err)
				}
				r.Into(of.to, img)
			}
			for i := range full {
				d := float64(full[i]) - float64(reduced[i])
				squares += d * d
				n++
			}
		}
		if rms := math.Sqrt(squares / float64(n)); rms > most {
			t.Errorf("at %d pixels the decoders are %.2f levels apart, want at most %.1f", size, rms, most)
		}
	}
}

// TestDecoderOfModel: a model decodes as its training did, and says so; an older one by Go's decoder, in full.
func TestDecoderOfModel(t *testing.T) {
	file := filepath.Join(t.TempDir(), "photo.jpg")
	var b bytes.Buffer
	if err := jpeg.Encode(&b, photo(0), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, decoder := range []string{"", decode.LibJPEG} {
		m := opened(t, trainedtest.Run(t, func(_ *checkpoint.Checkpoint, s *trained.State) { s.Decoder = decoder }))
		if got := m.Manifest.Preprocessing.Decoder; got != decoder {
			t.Errorf("the manifest names decoder %q, want %q", got, decoder)
		}
		r, err := resize.New(m.Manifest.Preprocessing.Options)
		if err != nil {
			t.Fatal(err)
		}
		var reader decode.Reader
		if decoder != "" {
			if reader.JPEG, err = session.SharedJPEG(session.Options{Device: session.CPU}); err != nil {
				t.Fatal(err)
			}
			reader.Reduce = r.Reduction
		}
		img, err := reader.Until(t.Context(), b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if reduced := img.Rect.Dx() < 100; reduced != (decoder != "") {
			t.Errorf("decoder %q: the picture is %v", decoder, img.Rect)
		}
		pixels := make([]uint8, r.Bytes())
		r.Into(pixels, img)
		want, err := m.Embed(pixels)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.EmbedFile(file)
		if err != nil || !slices.Equal(got.Data, want) {
			t.Errorf("decoder %q: EmbedFile gives %v (%v), want %v", decoder, got, err, want)
		}
	}
}

// photo draws a picture of 150×130 pixels and more that no decoder has in common with another by chance.
func photo(i int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 150+i, 130))
	for k := range img.Pix {
		img.Pix[k] = uint8(k*k/97 + 31*i)
	}
	draw.Draw(img, image.Rect(20, 20, 60, 90), image.White, image.Point{}, draw.Src)
	return img
}

// TestDecoderWorkers: pixels are the same whatever the number of workers.
func TestDecoderWorkers(t *testing.T) {
	jpegDecoder, err := session.SharedJPEG(session.Options{Device: session.CPU})
	if err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	root, data := fstest.MapFS{}, &dataset.Dataset{} // 40 pictures that are decoded at half their size
	var images []int32
	for i := range 40 {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, photo(i), nil); err != nil {
			t.Fatal(err)
		}
		path := string(rune('a'+i)) + ".jpg"
		root[path] = &fstest.MapFile{Data: file.Bytes()}
		data.Images, images = append(data.Images, dataset.Image{Path: path}), append(images, int32(i))
	}
	data.Root = root
	var before []uint8
	for _, workers := range []int{1, 2, 7} {
		o := pipeline.StoreOptions{JPEG: jpegDecoder, Workers: workers}
		if err := o.Resize(resize.Options{Size: 32}, ""); err != nil {
			t.Fatal(err)
		}
		store := pipeline.NewStore(data, o)
		if bad, err := store.Prepare(t.Context(), images, nil); err != nil || len(bad) > 0 {
			t.Fatal(bad, err)
		}
		pixels := make([]uint8, len(images)*32*32*3)
		if err := store.Pixels(pixels, images); err != nil {
			t.Fatal(err)
		}
		if before != nil && !bytes.Equal(before, pixels) {
			t.Errorf("%d workers make other pixels than one", workers)
		}
		before = pixels
		store.Close()
	}
}
