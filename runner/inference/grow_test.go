package inference

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"io/fs"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// failing fails to open every file.
type failing struct{ err error }

func (f failing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
}

// TestThumbnailOf: a picture that is gone, or none any more, has no thumbnail; where the disk fails nobody knows.
func TestThumbnailOf(t *testing.T) {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 9, 7))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		root fs.FS
		some bool
		want error
	}{
		"picture":         {fstest.MapFS{"a.png": {Data: file.Bytes()}}, true, nil},
		"no picture":      {fstest.MapFS{"a.png": {Data: []byte("text")}}, false, nil},
		"gone":            {fstest.MapFS{}, false, nil},
		"gone from disk":  {failing{syscall.ENOENT}, false, nil},
		"disk":            {failing{syscall.EIO}, false, syscall.EIO},
		"too many files":  {failing{syscall.EMFILE}, false, syscall.EMFILE},
		"too little room": {failing{syscall.ENOMEM}, false, syscall.ENOMEM},
	} {
		data := &dataset.Dataset{Root: c.root, Images: []dataset.Image{{Path: "a.png"}}}
		var o pipeline.StoreOptions
		if err := o.Resize(resize.Options{Size: 8}, ""); err != nil {
			t.Fatal(err)
		}
		store := pipeline.NewStore(data, o)
		defer store.Close()
		got, err := thumbnailOf(store, 0)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) || (got != nil) != c.some {
			t.Errorf("%s: %d bytes, %v, want some: %t, %v", name, len(got), err, c.some, c.want)
		}
	}
}
