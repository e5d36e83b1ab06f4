package inference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"time"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/inference"
)

// bucket is an object store as a file system: what its client gets by key. Put the client of your store in place of HTTP.
// A list of the images spares it from listing keys; class folders would need fs.ReadDirFS, and a .tar files that
// are io.ReaderAt, by ranges.
type bucket struct{ url string }

// Open gets an object.
func (b bucket) Open(key string) (fs.File, error) {
	info, body, err := b.ask(http.MethodGet, key)
	return object{info, bytes.NewReader(body)}, err
}

// Stat asks for the size of an object, and not for the object.
func (b bucket) Stat(key string) (fs.FileInfo, error) {
	info, _, err := b.ask(http.MethodHead, key)
	return info, err
}

func (b bucket) ask(method, key string) (of info, body []byte, err error) {
	if key == "." {
		return info{name: key, mode: fs.ModeDir}, nil, nil
	}
	request, err := http.NewRequest(method, b.url+"/"+key, nil)
	if err != nil {
		return of, nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return of, nil, &fs.PathError{Op: "get", Path: key, Err: err}
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		body, err = io.ReadAll(answer.Body)
		return info{name: path.Base(key), size: answer.ContentLength}, body, err
	case http.StatusNotFound:
		return of, nil, &fs.PathError{Op: "get", Path: key, Err: fs.ErrNotExist}
	}
	return of, nil, &fs.PathError{Op: "get", Path: key, Err: errors.New(answer.Status)}
}

// object is an open object.
type object struct {
	info
	*bytes.Reader
}

func (o object) Stat() (fs.FileInfo, error) { return o.info, nil }
func (object) Close() error                 { return nil }
func (o object) Size() int64                { return o.size }

// info is what the store says of an object.
type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string      { return i.name }
func (i info) Size() int64       { return i.size }
func (i info) Mode() fs.FileMode { return i.mode | 0o444 }
func (info) ModTime() time.Time  { return time.Time{} }
func (i info) IsDir() bool       { return i.mode.IsDir() }
func (info) Sys() any            { return nil }

// Images in an object store: any fs.FS of yours is read as a folder is. train.Run takes data that is opened so, too.
func ExampleOpenCollection_objectStore() {
	ctx, model := context.Background(), open("../../testdata/formats/f76e329/model")
	defer func() { check(model.Close()) }()
	folder := os.DirFS("../../testdata/formats/f76e329/data/test")
	objects := http.NewServeMux()
	objects.Handle("/", http.FileServerFS(folder))
	objects.HandleFunc("/photos.csv", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "image,class\narrow/000.png,arrow\ncross/000.png,cross\n")
	})
	store := httptest.NewServer(objects)
	defer store.Close()

	photos, err := inference.OpenCollection(dataset.Options{Data: "photos.csv", FS: bucket{store.URL}})
	check(err)
	defer photos.Close()
	e, err := model.EmbedImages(ctx, photos.Data, photos.Images, inference.Reading{})
	check(err)
	fmt.Println(len(e.Paths), "embeddings, of", e.Paths)
	// Output:
	// 2 embeddings, of [arrow/000.png cross/000.png]
}
