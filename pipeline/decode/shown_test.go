package decode

import (
	"bytes"
	"image"
	"image/png"
	"io/fs"
	"syscall"
	"testing"
	"testing/fstest"
)

// failing is a file system in which files cannot be opened.
type failing struct {
	fs.FS
	why error
}

func (f failing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: f.why}
}

// TestShown: the place of a picture stays empty for what is wrong with the file, and not for what the machine lacks.
func TestShown(t *testing.T) {
	var text bytes.Buffer
	if err := png.Encode(&text, image.NewGray(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	whole := fstest.MapFS{"a.png": {Data: text.Bytes()}, "b.png": {Data: []byte("none")}}
	for name, c := range map[string]struct {
		root        fs.FS
		path        string
		shown, lack bool
	}{
		"a picture":     {whole, "a.png", true, false},
		"no picture":    {whole, "b.png", false, false},
		"nothing there": {whole, "c.png", false, false},
		"a broken disk": {failing{whole, syscall.EIO}, "a.png", false, false},
		"no more files": {failing{whole, syscall.EMFILE}, "a.png", false, true},
		"no memory":     {failing{whole, syscall.ENOMEM}, "a.png", false, true},
	} {
		img, why, err := Shown(c.root, c.path)
		if (img != nil) != c.shown || (err != nil) != c.lack || (why == "") != (c.shown || c.lack) {
			t.Errorf("%s: %v, %q, %v", name, img, why, err)
		}
	}
}
