package look

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/kept"
)

// scene is a picture of one colour with a little noise, as two photos of one shelf are.
func scene(c color.NRGBA, seed uint64) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for y := range 16 {
		for x := range 16 {
			n := uint8(r.IntN(8))
			img.SetNRGBA(x, y, color.NRGBA{c.R + n, c.G + n, c.B + n, 255})
		}
	}
	return img
}

var shelves = []color.NRGBA{{200, 20, 20, 255}, {20, 200, 20, 255}, {20, 20, 200, 255}, {120, 120, 120, 255}}

// folder holds n pictures of each of two classes, taken in turn on four shelves, and one file
// that is no picture.
func folder(t *testing.T, n int) *dataset.Dataset {
	t.Helper()
	files := fstest.MapFS{"photos/a/broken.png": {Data: []byte("no picture")}}
	for class, name := range []string{"a", "b"} {
		for i := range n {
			var b bytes.Buffer
			if err := png.Encode(&b, scene(shelves[i%len(shelves)], uint64(100*class+i))); err != nil {
				t.Fatal(err)
			}
			files[fmt.Sprintf("photos/%s/%02d.png", name, i)] = &fstest.MapFile{Data: b.Bytes()}
		}
	}
	d, err := dataset.Open(dataset.Options{Data: "photos", FS: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// group gives d groups of those that look alike.
func group(t *testing.T, d *dataset.Dataset, o Options) {
	t.Helper()
	names, err := Groups(context.Background(), d, o)
	if err == nil {
		err = d.SetGroups("group-by look", names)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestGroup: the photos of a shelf are a group of their class, whatever the number of workers,
// and what is no picture has none.
func TestGroup(t *testing.T) {
	var before *dataset.Dataset
	for _, workers := range []int{1, 4} {
		d := folder(t, 20)
		group(t, d, Options{Workers: workers, Limits: decode.DefaultLimits})
		if got, want := len(d.Groups), 2*groups; got != want {
			t.Fatalf("%d groups %q, want %d", got, d.Groups, want)
		}
		of := map[string]int32{}
		for i, image := range d.Images {
			if image.Path == "a/broken.png" {
				if d.GroupOf[i] != -1 {
					t.Errorf("%s is in group %q, want none", image.Path, d.Groups[d.GroupOf[i]])
				}
				continue
			}
			var n int
			if _, err := fmt.Sscanf(image.Path[2:], "%d.png", &n); err != nil {
				t.Fatal(err)
			}
			shelf := fmt.Sprint(image.Path[:1], n%len(shelves))
			if g, ok := of[shelf]; ok && g != d.GroupOf[i] {
				t.Errorf("%s is in group %q, want that of its shelf, %q", image.Path, d.Groups[d.GroupOf[i]], d.Groups[g])
			}
			of[shelf] = d.GroupOf[i]
		}
		if before != nil && !reflect.DeepEqual(d.GroupOf, before.GroupOf) {
			t.Error("groups depend on the number of workers")
		}
		before = d
	}
}

// TestGroupFew: few pictures make fewer groups, of two pictures in the mean.
func TestGroupFew(t *testing.T) {
	d := folder(t, 5)
	group(t, d, Options{Limits: decode.DefaultLimits})
	if got, want := len(d.Groups), 4; got != want {
		t.Errorf("%d groups %q, want %d", got, d.Groups, want)
	}
}

// TestGroupStopped: a context that has ended ends the reading.
func TestGroupStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Groups(ctx, folder(t, 4), Options{Limits: decode.DefaultLimits}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context was cancelled", err)
	}
}

// TestRead against the mean of each of 8×8 fields, in plain loops; a second reading, from what was kept, opens no file
// and gives the same.
func TestRead(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 64, 64))
	r := rand.New(rand.NewPCG(3, 4))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.IntN(256))
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	later := func() time.Time { return time.Now().Add(time.Hour) } // the file is no longer new
	o := Options{Limits: decode.DefaultLimits, Kept: &kept.Options{Folder: t.TempDir(), MaxBytes: 1 << 20, Now: later}}
	d := &dataset.Dataset{Root: os.DirFS(filepath.Dir(path)), Images: []dataset.Image{{Path: "a.png"}}}
	one := []kind{{"a", []int32{0}}}
	looks, err := read(context.Background(), d, one, o)
	if err != nil {
		t.Fatal(err)
	}
	l := looks[0]
	for y := range side {
		for x := range side {
			for c := range 3 {
				sum := 0
				for v := range 8 {
					for u := range 8 {
						sum += int(img.Pix[img.PixOffset(8*x+u, 8*y+v)+c])
					}
				}
				got, want := l[3*(side*y+x)+c], float32(sum)/64
				if got < want-1 || got > want+1 {
					t.Errorf("place %d,%d colour %d: %g, want %g", x, y, c, got, want)
				}
			}
		}
	}
	d.Root = closed{d.Root}
	if again, err := read(context.Background(), d, one, o); err != nil || again[0] != l {
		t.Errorf("what was kept: %v, %v; want the same look", again, err)
	}
}

// closed opens no file.
type closed struct{ fs.FS }

func (closed) Open(name string) (fs.File, error) { return nil, fs.ErrPermission }

func (c closed) Stat(name string) (fs.FileInfo, error) { return fs.Stat(c.FS, name) }
