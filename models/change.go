package models

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/thumbnail"
)

// ErrFixed says that an index cannot be changed: it is one file, or the gallery of a model.
var ErrFixed = errors.New("it cannot be changed: it is one file or the gallery of a model; tfpair index build makes a folder")

// Picture is an image that is put into an index.
type Picture struct {
	ID       string      // by which it is found and removed; the picture takes the place of another one of that id
	Image    image.Image // that is embedded
	Class    string      // "" not known
	Path     string      // of the image's file, "" for ID
	SHA256   string      // of the image's file, in hexadecimal; "" not known
	Metadata map[string]string
}

// Put embeds pictures and puts them into the index. When it returns without an error they are on the disk
// and every search that begins finds them; with one, none is acknowledged. Errors: ErrFixed, those of
// Embed, where one *ImageError keeps all out, and those of index.Folder.Put.
func (x *Index) Put(ctx context.Context, pictures ...Picture) error {
	if x.folder == nil {
		return ErrFixed
	}
	if len(pictures) == 0 {
		return nil
	}
	images := make([]image.Image, len(pictures))
	for i, p := range pictures {
		images[i] = p.Image
	}
	rows, err := x.model.Embed(ctx, images...)
	if err != nil {
		return err
	}
	entries := make([]index.Entry, len(pictures))
	for i, p := range pictures {
		entries[i] = index.Entry{Item: index.Item{ID: p.ID, Path: cmp.Or(p.Path, p.ID), SHA256: p.SHA256, Class: p.Class},
			Vector: rows[i], Metadata: p.Metadata}
		if entries[i].Picture, err = x.Thumbnail(p.Image); err != nil {
			return fmt.Errorf("thumbnail of %q: %w", p.ID, err)
		}
	}
	return x.PutEntries(entries...)
}

// PutEntries is Put of what the model has embedded already. It sets Learned of each by its class.
func (x *Index) PutEntries(entries ...index.Entry) error {
	if x.folder == nil {
		return ErrFixed
	}
	m := x.model.info.Manifest
	for i := range entries {
		entries[i].Learned = m.Learned(entries[i].Class)
	}
	if err := x.folder.Put(entries...); err != nil {
		return err
	}
	x.folder.Tend()
	return nil
}

// Thumbnail returns img as the index shows it, a JPEG file; nil where the index has no thumbnails.
func (x *Index) Thumbnail(img image.Image) ([]byte, error) {
	if x.folder == nil || x.folder.Index().About().Thumbnails == 0 {
		return nil, nil
	}
	return thumbnail.Of(img)
}

// Remove removes the pictures of ids, and returns how many were there. It is acknowledged as Put is.
// Errors: ErrFixed, and those of index.Folder.Remove.
func (x *Index) Remove(ids ...string) (int, error) {
	if x.folder == nil {
		return 0, ErrFixed
	}
	n, err := x.folder.Remove(ids...)
	x.folder.Tend()
	return n, err
}

// Refresh lets searches see now what other programs have changed, which they else see within a second of a search. The error is an
// *index.Error; the index is then as it was.
func (x *Index) Refresh() error {
	if x.folder == nil {
		return nil
	}
	return x.folder.Refresh()
}

// Find returns what the index has of an id: in the index as it is now, the row.
func (x *Index) Find(id string) (now *index.Index, row int, ok bool) {
	if x.folder != nil {
		return x.folder.Find(id)
	}
	for row, item := range x.vectors.All() {
		if item.ID == id {
			return x.vectors, row, true
		}
	}
	return x.vectors, 0, false
}

// Entry returns the entry of an id as it is now, with its picture; false: there is none. The error says that the picture
// is not as it was written.
func (x *Index) Entry(id string) (e index.Entry, ok bool, err error) {
	now, row, ok := x.Find(id)
	if !ok {
		return e, false, nil
	}
	e, err = now.Entry(row)
	return e, true, err
}

// Compact frees the room of what was removed. Searches go on, and changes wait.
func (x *Index) Compact() error {
	if x.folder == nil {
		return ErrFixed
	}
	return x.folder.Compact()
}

// Close ends what the index does beside searches.
func (x *Index) Close() error {
	if x.folder == nil {
		return nil
	}
	return x.folder.Close()
}
