package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/image/bmp"

	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
)

// bitmap returns a picture of one colour; all bitmaps have the same size in bytes.
func bitmap(t *testing.T, c color.Color) *fstest.MapFile {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for p := range 256 {
		img.Set(p%16, p/16, c)
	}
	var b bytes.Buffer
	if err := bmp.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: b.Bytes()}
}

// TestOtherImages: a run remembers its images by content, and is not gone on with where one of
// them has the name and the size of before and other pixels. A refusal changes nothing.
func TestOtherImages(t *testing.T) {
	files, folder := fstest.MapFS{}, filepath.Join(t.TempDir(), "run")
	for class, c := range []color.RGBA{{R: 200, A: 255}, {G: 200, A: 255}, {B: 200, A: 255}} {
		for i := range uint8(8) {
			c.R += i
			files["data/class"+string(rune('0'+class))+"/"+string(rune('0'+i))+".bmp"] = bitmap(t, c)
		}
	}
	train := func(set ...string) error {
		_, err := Run(context.Background(), config(t, files, folder, tiny(t, set...)))
		return err
	}
	if err := train(); err != nil {
		t.Fatal(err)
	}
	f, err := run.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.Seen()
	if err != nil {
		t.Fatal(err)
	}
	if roles := list.Count(); roles[seen.Train] < 12 || roles[seen.Val] < 2 || len(list) > 24 {
		t.Errorf("the run has seen %v of 24 images, want those of train and val", roles)
	}
	for _, i := range list {
		if want := sha256.Sum256(files["data/"+i.Path].Data); i.SHA256 != want {
			t.Errorf("%s: SHA-256 %x, want %x", i.Path, i.SHA256, want)
		}
	}
	before := newest(t, folder).Step
	if err := train("train.steps=16"); err != nil || newest(t, folder).Step == before {
		t.Fatalf("the same images: %v, step %d, want more than %d", err, newest(t, folder).Step, before)
	}
	changed := list[len(list)-1].Path
	first := files["data/"+changed]
	files["data/"+changed] = bitmap(t, color.RGBA{R: 1, G: 2, B: 3, A: 255})
	var images *ImagesError
	err = train("train.steps=16", "train.patience=0")
	if !errors.As(err, &images) || len(images.Differences) != 1 || !strings.Contains(err.Error(), changed) {
		t.Errorf("other pixels: %v, want *ImagesError that names %s", err, changed)
	}
	// Without its list, the run knows by the sum in its checkpoint that an image is another.
	file := filepath.Join(folder, "seen")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	err = train("train.steps=18", "train.patience=0")
	if !errors.As(err, &images) || !strings.Contains(err.Error(), "its file seen is gone") {
		t.Errorf("other pixels, no list: %v, want *ImagesError", err)
	}
	if got := newest(t, folder).Step; got != 16 {
		t.Errorf("the refused command left step %d, want 16", got)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the refused command wrote a list")
	}
	files["data/"+changed] = first
	if err := train("train.steps=18", "train.patience=0"); err != nil {
		t.Errorf("the first pixels again: %v", err)
	}
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, text) {
		t.Errorf("the list was not written again as it was (%v)", err)
	}
}
