package inference

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// stumbling fails once, where a folder is opened.
type stumbling struct {
	fs.FS
	at string
}

func (s *stumbling) Open(name string) (fs.File, error) {
	if name == s.at {
		s.at = ""
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EIO}
	}
	return s.FS.Open(name)
}

// TestOpenCollectionOnABadDisk: a folder that cannot be read at that moment is an error. It
// does not make the data pictures without classes, which an index would then hold.
func TestOpenCollectionOnABadDisk(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("not looked at")}
	data := fstest.MapFS{"photos/a/1.png": file, "photos/a/2.png": file, "photos/b/1.png": file, "photos/b/2.png": file}
	for _, at := range []string{"photos/a", "photos/b"} {
		c, err := OpenCollection(dataset.Options{Data: "photos", FS: &stumbling{data, at}})
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("OpenCollection where %s fails once = %v, %v, want the error of the disk", at, c, err)
		}
	}
	c, err := OpenCollection(dataset.Options{Data: "photos", FS: data})
	if err != nil {
		t.Fatal(err)
	}
	if c.Classes[0] != "a" || c.Classes[3] != "b" {
		t.Errorf("the classes are %q, want a and b", c.Classes)
	}
}

// TestOpenCollectionOfOneClass: a product that comes later is one folder, and its images are of its class. Images in no
// folder are of none.
func TestOpenCollectionOfOneClass(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("not looked at")}
	c, err := OpenCollection(dataset.Options{Data: "june", FS: fstest.MapFS{"june/kiwi/1.png": file, "june/loose.png": file}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Classes, []string{"kiwi", ""}; !slices.Equal(got, want) {
		t.Errorf("classes = %q, want %q", got, want)
	}
	c, err = OpenCollection(dataset.Options{Data: "june/kiwi", FS: fstest.MapFS{"june/kiwi/1.png": file}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Classes, []string{""}; !slices.Equal(got, want) {
		t.Errorf("classes of the folder itself = %q, want %q", got, want)
	}
}

// replaced is a folder in which a file is another one once it was opened so many times.
type replaced struct {
	fstest.MapFS
	name  string
	opens int
	by    *fstest.MapFile
}

func (r *replaced) Open(name string) (fs.File, error) {
	if name == r.name {
		if r.opens--; r.opens == 0 {
			r.MapFS[name] = r.by
		}
	}
	return r.MapFS.Open(name)
}

func (r *replaced) Stat(name string) (fs.FileInfo, error) { return r.MapFS.Stat(name) }

// TestItemsSince: of a file that was written since its picture was taken nobody says what is in it.
func TestItemsSince(t *testing.T) {
	first := &fstest.MapFile{Data: []byte("first")}
	for name, other := range map[string]*fstest.MapFile{
		"longer": {Data: []byte("another")},
		"later":  {Data: []byte("other"), ModTime: time.Unix(1, 0)},
	} {
		r := &replaced{fstest.MapFS{"a.png": first, "b.png": first}, "a.png", 1, other}
		c := &Collection{Data: &dataset.Dataset{Root: r, Images: []dataset.Image{{Path: "a.png"}, {Path: "b.png"}}}, Images: []int32{0, 1}, Classes: make([]string, 2)}
		before := c.stamps(c.Images)
		items, err := c.itemsSince(t.Context(), c.Images, before) // opens and reads it, as the other one by then
		if err != nil {
			t.Fatal(err)
		}
		if items[0].SHA256 != "" || items[1].SHA256 == "" {
			t.Errorf("%s: the checksums are %q and %q, want none of the first", name, items[0].SHA256, items[1].SHA256)
		}
	}
}
