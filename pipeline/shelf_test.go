package pipeline

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/kept"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/pipeline/thumbnail"
)

// countedJPEG decodes by image/jpeg, and counts.
type countedJPEG struct{ decoded atomic.Int64 }

func (*countedJPEG) Name() string { return "counted" }

func (c *countedJPEG) Decode(data []byte, ratio int, _ []uint8) (*image.NRGBA, error) {
	c.decoded.Add(1)
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	side := img.Bounds().Size()
	return imaging.Resize(img, (side.X+ratio-1)/ratio, (side.Y+ratio-1)/ratio, imaging.Box), nil
}

// TestThumbnail: one decoding gives pixels and thumbnail, but where the network is shown less than a thumbnail has; what is
// kept is not even opened, and tells how large the picture is. Nothing of it changes the thumbnail.
func TestThumbnail(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
		decoded       int64 // the first time
		longer        int   // side of the thumbnail
	}{
		{"reduced", 400, 300, 1, thumbnail.Side},     // to 100 x 75
		{"reduced far", 320, 310, 2, thumbnail.Side}, // to 80 x 78
		{"small", 60, 40, 1, 60},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder, keep := t.TempDir(), filepath.Join(t.TempDir(), "pixels")
			img := image.NewNRGBA(image.Rect(0, 0, c.width, c.height))
			for k := range img.Pix {
				img.Pix[k] = uint8(k*k/53) | uint8(k%4/3*255)
			}
			var file bytes.Buffer
			if err := jpeg.Encode(&file, img, nil); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "a.jpg"), file.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			root, decoder := &countedFS{FS: os.DirFS(folder)}, &countedJPEG{}
			data := &dataset.Dataset{Root: root, Images: []dataset.Image{{Path: "a.jpg"}}}
			kept := &kept.Options{Folder: keep, MaxBytes: 1 << 20, Now: func() time.Time { return time.Now().Add(time.Minute) }}
			var first []byte
			for _, turn := range []struct {
				name            string
				o               StoreOptions
				opened, decoded int64
			}{
				{"first", StoreOptions{Kept: kept, Thumbnail: true}, 1, c.decoded},
				{"again", StoreOptions{Kept: kept, Thumbnail: true}, 0, 0},
				{"only until it is closed", StoreOptions{Thumbnail: true}, 2, c.decoded},
				{"no room for it", StoreOptions{Thumbnail: true, SpillDir: filepath.Join(folder, "a.jpg")}, 3, 2 * c.decoded},
				{"nothing kept", StoreOptions{}, 3, 1 + c.decoded},
			} {
				if err := turn.o.Resize(resize.Options{Size: 24}, ""); err != nil {
					t.Fatal(err)
				}
				turn.o.JPEG, turn.o.MaxMemory, turn.o.MaxDisk = decoder, -1, -1
				s := NewStore(data, turn.o)
				root.opens.Store(0)
				decoder.decoded.Store(0)
				if err := s.Pixels(make([]uint8, s.bytes), []int32{0}); err != nil {
					t.Fatal(err)
				}
				small, err := s.Thumbnail(0)
				if err != nil {
					t.Fatal(err)
				}
				s.sizes[0] = [2]int32{} // as before anything was read
				if err := s.Pixels(make([]uint8, s.bytes), []int32{0}); err != nil {
					t.Fatal(err)
				}
				if width, height, err := s.FileSize(0); err != nil || width != c.width || height != c.height {
					t.Errorf("%s: %d x %d (%v), want %d x %d", turn.name, width, height, err, c.width, c.height)
				}
				s.Close()
				if turn.o.Kept == nil {
					turn.decoded++ // the second Pixels
				}
				if opened, decoded := root.opens.Load(), decoder.decoded.Load(); opened != turn.opened || decoded != turn.decoded {
					t.Errorf("%s: %d opened and %d decoded, want %d and %d", turn.name, opened, decoded, turn.opened, turn.decoded)
				}
				if first == nil {
					first = small
				} else if !bytes.Equal(small, first) {
					t.Errorf("%s: the thumbnail is another one", turn.name)
				}
				got, err := jpeg.DecodeConfig(bytes.NewReader(small))
				if err != nil || max(got.Width, got.Height) != c.longer {
					t.Errorf("%s: the thumbnail is %d x %d (%v), want %d pixels in the longer side", turn.name, got.Width, got.Height, err, c.longer)
				}
			}
		})
	}
}

// TestThumbnailAlone: pixels that were kept without thumbnails stay, and the thumbnail is made once.
func TestThumbnailAlone(t *testing.T) {
	folder := t.TempDir()
	drawnPNG(t, filepath.Join(folder, "a.png"), 1)
	root := &countedFS{FS: os.DirFS(folder)}
	data := &dataset.Dataset{Root: root, Images: []dataset.Image{{Path: "a.png"}}}
	o := StoreOptions{Kept: &kept.Options{Folder: filepath.Join(t.TempDir(), "pixels"), MaxBytes: 1 << 20,
		Now: func() time.Time { return time.Now().Add(time.Minute) }}}
	if err := o.Resize(resize.Options{Size: 16}, ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{1, 1, 0} {
		root.opens.Store(0)
		s := NewStore(data, o)
		if err := s.Pixels(make([]uint8, s.bytes), []int32{0}); err != nil {
			t.Fatal(err)
		}
		if o.Thumbnail {
			if _, err := s.Thumbnail(0); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		if got := root.opens.Load(); got != want {
			t.Errorf("with thumbnail %t: opened %d times, want %d", o.Thumbnail, got, want)
		}
		o.Thumbnail = true
	}
}
