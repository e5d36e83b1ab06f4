package serve

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"net/http"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/thumbnail"
)

// Changing is an Index that pictures are put into and removed from while others search.
type Changing interface {
	Index
	// PutEntries returns when the entries are on the disk. It takes the place of entries of the same ids.
	PutEntries(entries ...index.Entry) error
	// Remove returns how many of the ids were there, when that is on the disk.
	Remove(ids ...string) (int, error)
	keeper
}

// keeper tells what it has.
type keeper interface {
	// Entry returns the entry of an id with its picture; false: there is none.
	Entry(id string) (e index.Entry, ok bool, err error)
	// Classes returns how many classes the entries are of.
	Classes() (int, error)
}

// putEntry is a picture that is put into the index.
type putEntry struct {
	ID       string          `json:"id,omitempty" doc:"by which it is found and removed; that of the path where one is put"`
	Image    string          `json:"image" doc:"the picture in base64, or as a data URI"`
	Class    string          `json:"class,omitempty" doc:"of the picture"`
	Coarse   string          `json:"coarse,omitempty" doc:"class of the class"`
	Metadata json.RawMessage `json:"metadata,omitempty" doc:"words that are stored beside it"`
}

// putRequest is JSON with several of them.
type putRequest struct {
	Entries list[putEntry] `json:"entries" doc:"the pictures, each with an id"`
}

// changed is the answer of a change: it is on the disk.
type changed struct {
	of
	Put     int `json:"put,omitempty" doc:"pictures that are in the index now"`
	Removed int `json:"removed,omitempty" doc:"pictures that are not in it any more"`
	Images  int `json:"images" doc:"in the index"`
}

// entryAnswer is what the index says of a picture.
type entryAnswer struct {
	of
	ID       string            `json:"id"`
	Class    string            `json:"class,omitempty"`
	Coarse   string            `json:"coarse,omitempty" doc:"class of the class"`
	Path     string            `json:"path,omitempty"`
	SHA256   string            `json:"sha256,omitempty" doc:"of the picture's file"`
	Metadata map[string]string `json:"metadata,omitempty"`
	Picture  bool              `json:"picture" doc:"it has a thumbnail: ?picture=true"`
}

// indexAnswer is what GET /v1/index says.
type indexAnswer struct {
	of
	Images     int               `json:"images"`
	Classes    int               `json:"classes"`
	Changing   bool              `json:"changing" doc:"pictures can be put into it and removed"`
	Thumbnails bool              `json:"thumbnails" doc:"it keeps one of each picture"`
	Threshold  *models.Threshold `json:"threshold,omitempty" doc:"distance up to which a hit is accepted; absent: there is none"`
}

// maxWords is how many bytes the id, the class and the metadata of a picture may have.
const maxWords = 64 << 10

// maxNames is how many names the metadata of a picture may have: a table of short ones takes ten times the memory of its text.
const maxNames = 4096

// searched returns the model of ?model= and what it is searched in.
func (c *call) searched() (*loaded, error) {
	l, err := c.model(c.request.URL.Query().Get("model"))
	if err != nil {
		return nil, err
	}
	if l.Index == nil {
		return nil, failed(http.StatusNotFound, "no_index", "model %q has no index: start the service with --index", l.name)
	}
	return l, nil
}

// changing is searched for a client that may change the index.
func (c *call) changing() (*loaded, Changing, error) {
	l, err := c.searched()
	if err != nil {
		return nil, nil, err
	}
	writers := c.service.slot(l.name).Writers
	if writers == nil {
		return nil, nil, failed(http.StatusForbidden, "read_only", "the index of model %q is not changed by this service: it was started without --index-tokens", l.name)
	}
	if err := writers.check(c.request); err != nil {
		c.header.Set("WWW-Authenticate", "Bearer")
		return nil, nil, err
	}
	x, ok := l.Index.(Changing)
	if !ok {
		return nil, nil, errFixed(l.name)
	}
	return l, x, nil
}

// writes reports whether the client may change the index of ?model=.
func (c *call) writes() bool {
	p := c.service.slot(c.request.URL.Query().Get("model"))
	return p != nil && p.Writers != nil && p.Writers.check(c.request) == nil
}

func errFixed(model string) error {
	return failed(http.StatusConflict, "fixed", "the index of model %q is one file or a gallery, which does not change; tfpair index build makes a folder", model)
}

// putPicture answers PUT /v1/index/{id}.
func putPicture(c *call) (any, error) {
	l, x, err := c.changing()
	if err != nil {
		return nil, err
	}
	e := putEntry{Class: c.request.URL.Query().Get("class")}
	var file []byte
	kind, parameters := contentType(c.request)
	switch kind {
	case "application/json":
		if err := c.decodeJSON(&e); err != nil {
			return nil, err
		}
		files, err := filesOf(e.Image)
		if err != nil {
			return nil, err
		}
		file = files[0]
	case "multipart/form-data":
		parts, err := c.form(parameters["boundary"], 1)
		if err != nil {
			return nil, err
		}
		if len(parts) != 1 {
			return nil, malformed("the form must have one file")
		}
		file = parts[0].data
	default:
		if file, err = c.body(); err != nil {
			return nil, err
		}
	}
	e.ID = c.request.PathValue("id")
	return c.put(l, x, []putEntry{e}, [][]byte{file})
}

// putPictures answers POST /v1/index: of a form, whose files are named by their ids, or of JSON.
func putPictures(c *call) (any, error) {
	l, x, err := c.changing()
	if err != nil {
		return nil, err
	}
	var r putRequest
	var files [][]byte
	switch kind, parameters := contentType(c.request); kind {
	case "multipart/form-data":
		parts, err := c.form(parameters["boundary"], c.service.limits.Pictures)
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			r.Entries = append(r.Entries, putEntry{ID: p.name, Class: c.request.URL.Query().Get("class")})
			files = append(files, p.data)
		}
	case "application/json":
		if err := c.decodeJSON(&r); err != nil {
			return nil, err
		}
		var images []string
		for _, e := range r.Entries {
			images = append(images, e.Image)
		}
		if files, err = filesOf(images...); err != nil {
			return nil, err
		}
	default:
		return nil, failed(http.StatusUnsupportedMediaType, "no_batch", "pictures come as multipart/form-data, each file named by its id, or as application/json")
	}
	return c.put(l, x, r.Entries, files)
}

// put embeds pictures and puts them into the index.
func (c *call) put(l *loaded, x Changing, entries []putEntry, files [][]byte) (any, error) {
	if err := c.few(len(files)); err != nil {
		return nil, err
	}
	ids, words := map[string]bool{}, make([]map[string]string, len(entries))
	for i, e := range entries {
		var err error
		if words[i], err = e.words(); err != nil {
			return nil, err
		}
		if ids[e.ID] {
			return nil, malformed("two pictures have the id %q", e.ID)
		}
		ids[e.ID] = true
	}
	rows, err := c.embed(l, files)
	if err != nil {
		return nil, err
	}
	dim, pictures := l.info.Manifest.EmbeddingDim, x.About().Thumbnails > 0
	list := make([]index.Entry, len(entries))
	for i, e := range entries {
		sum := sha256.Sum256(files[i])
		list[i] = index.Entry{Item: index.Item{ID: e.ID, Path: e.ID, Class: e.Class, Coarse: e.Coarse, SHA256: hex.EncodeToString(sum[:])},
			Vector: rows[i*dim:][:dim], Metadata: words[i]}
		if pictures {
			if list[i].Picture, err = c.thumbnail(l, files[i]); err != nil {
				return nil, &pictureError{i, len(files), err}
			}
		}
	}
	began := time.Now()
	err = x.PutEntries(list...)
	c.took("write", began)
	if err != nil {
		return nil, changeFailure(l.name, err)
	}
	return changed{of: l.of(), Put: len(list), Images: x.Len()}, nil
}

// words returns the metadata of a picture, or what is wrong with its words.
func (e putEntry) words() (metadata map[string]string, err error) {
	if len(e.Metadata) > 6*maxWords { // \u0041 is an A
		return nil, malformed("picture %.80q: %d bytes of metadata, limit %d", e.ID, len(e.Metadata), 6*maxWords)
	}
	if len(e.Metadata) > 0 {
		if err := readJSON(e.Metadata, &metadata); err != nil {
			return nil, malformed("picture %.80q: the metadata must be names with words: %v", e.ID, err)
		}
	}
	n, written := 0, true
	count := func(words ...string) {
		for _, word := range words {
			n += len(word)
			written = written && utf8.ValidString(word) && !strings.ContainsRune(word, 0) // PostgreSQL holds no others
		}
	}
	count(e.ID, e.Class, e.Coarse)
	for name, value := range metadata {
		count(name, value)
	}
	switch {
	case len(metadata) > maxNames:
		return nil, malformed("picture %.80q: %d words of metadata, limit %d", e.ID, len(metadata), maxNames)
	case e.ID == "":
		return nil, malformed("a picture has no id")
	case !written:
		return nil, malformed("picture %q: its words must be UTF-8 without zero bytes", e.ID)
	case n > maxWords:
		return nil, malformed("picture %.80q: %d bytes of words, limit %d", e.ID, n, maxWords)
	}
	return metadata, nil
}

// thumbnail returns a picture as the index shows it.
func (c *call) thumbnail(l *loaded, file []byte) (small []byte, err error) {
	p, err := decode.Reader{Limits: l.reader.Limits, JPEG: l.reader.JPEG, Reduce: thumbnail.Reduce}.Examine(file)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.service.limits.Deadline)
	defer cancel()
	if err := c.core(ctx); err != nil {
		return nil, err
	}
	defer c.service.budget.cores.Release(1)
	err = c.service.budget.decode(ctx, p.Cost(), func() error {
		var img image.Image
		if img, err = p.Decode(ctx); err != nil {
			return err
		}
		small, err = thumbnail.Of(img)
		return err
	})
	return small, err
}

// removePicture answers DELETE /v1/index/{id}.
func removePicture(c *call) (any, error) {
	l, x, err := c.changing()
	if err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	n, err := x.Remove(id)
	if err != nil {
		return nil, changeFailure(l.name, err)
	}
	if n == 0 {
		return nil, errNoEntry(l.name, id)
	}
	return changed{of: l.of(), Removed: n, Images: x.Len()}, nil
}

func errNoEntry(model, id string) error {
	return failed(http.StatusNotFound, "no_entry", "the index of model %q has no picture %q", model, id)
}

// changeFailure returns what the client is told of an error of the index.
func changeFailure(model string, err error) error {
	var busy *index.BusyError
	switch {
	case errors.Is(err, models.ErrFixed):
		return errFixed(model)
	case errors.As(err, &busy):
		return unready("another program is changing the index of model %q", model)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		f := failed(http.StatusInsufficientStorage, "full", "the disk of the index of model %q is full", model)
		f.err = err
		return f
	}
	return err
}

// showPicture answers GET /v1/index/{id}.
func showPicture(c *call) (any, error) {
	l, err := c.searched()
	if err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	refresh(l.Index)
	x, ok := l.Index.(keeper)
	if !ok {
		return nil, errFixed(l.name)
	}
	e, ok, err := x.Entry(id)
	if err == nil && !ok {
		err = errNoEntry(l.name, id)
	}
	if err != nil {
		return nil, err
	}
	if c.request.URL.Query().Get("picture") == "true" {
		if e.Picture == nil {
			return nil, failed(http.StatusNotFound, "no_thumbnail", "picture %q has no thumbnail in the index", id)
		}
		return text{"image/jpeg", e.Picture}, nil
	}
	return entryAnswer{of: l.of(), ID: e.ID, Class: e.Class, Coarse: e.Coarse, Path: e.Path, SHA256: e.SHA256,
		Metadata: e.Metadata, Picture: e.Picture != nil}, nil
}

// refresh has x show what other programs have changed. One that cannot be read stays as it was, and is served so.
func refresh(x Index) {
	if f, ok := x.(interface{ Refresh() error }); ok {
		_ = f.Refresh()
	}
}

// showIndex answers GET /v1/index.
func showIndex(c *call) (any, error) {
	l, err := c.searched()
	if err != nil {
		return nil, err
	}
	refresh(l.Index)
	answer := indexAnswer{of: l.of(), Images: l.Index.Len(), Thumbnails: l.Index.About().Thumbnails > 0}
	if x, ok := l.Index.(keeper); ok {
		if answer.Classes, err = x.Classes(); err != nil {
			return nil, err
		}
	}
	if t, ok := l.Index.Threshold(); ok {
		answer.Threshold = &t
	}
	_, changing := l.Index.(Changing)
	answer.Changing = changing && c.service.slot(l.name).Writers != nil
	return answer, nil
}
