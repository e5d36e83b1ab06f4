package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/sheet"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/inference"
)

// sheetQueries is how many queries a sheet shows, one in a row.
const sheetQueries = 40

// writeSearchSheet draws queries, each with its answers to the right, as a contact sheet.
// Those that are none of these have a frame of
// their own. The images searched are those of data.
func writeSearchSheet(ctx context.Context, data string, r searches, list []searched, x index.Searched,
	queries map[string]queryImage) error {
	pictures, err := picturesOf(data, x, r.Index)
	if err != nil {
		return err
	}
	defer pictures.close()
	what := r.Index
	if what == "" {
		what = "its gallery"
	}
	title := fmt.Sprintf("%s in %s of %s", r.Model, what, count(r.Images, "image"))
	if r.Threshold != nil {
		title += fmt.Sprintf("; dotted frame, none of these: distance > %.4g", r.Threshold.Value)
	}
	if shown := min(len(list), sheetQueries); shown < len(list) {
		title += fmt.Sprintf("; the first %d of %d queries", shown, len(list))
		list = list[:shown]
	}
	rows := [][]sheet.Cell{{{Wide: true, Caption: title}}}
	for _, s := range list {
		of := queries[s.Query]
		img, err := decode.Open(of.data.Root, of.path, decode.DefaultLimits)
		if err != nil {
			return err
		}
		row := []sheet.Cell{{Image: img, Caption: "query\n" + s.Query}}
		for _, h := range s.Hits {
			cell, err := cellOf(ctx, h, pictures, x)
			if err != nil {
				return err
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return sheet.Write(r.Sheet, sheet.Draw(rows))
}

// pictures is where the images of what was searched lie.
type pictures struct {
	places []place // the last wins where several have a picture
	close  func()
}

// place is where the images lie whose paths in an index begin with prefix.
type place struct {
	prefix string
	root   fs.FS
}

// picturesOf opens the data at path, or, where that is "", what x was built from and images were added from, if that is at hand. x is
// the index at file, or in a model where that is "".
func picturesOf(path string, x index.Searched, file string) (pictures, error) {
	if path != "" {
		root, closing, err := openRoot(path)
		return pictures{[]place{{root: root}}, closing}, err
	}
	list := []index.Source{{Data: x.About().Root}}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		all, err := index.ReadSources(file)
		if err != nil {
			return pictures{}, err
		}
		list = all.List
	}
	var p pictures
	var closings []func()
	p.close = func() {
		for _, closing := range closings {
			closing()
		}
	}
	for _, s := range list {
		root, closing, err := openRoot(inference.RootOf(dataset.Options{Data: s.Data, Images: s.Images}))
		if err == nil { // else it is somewhere else by now
			p.places, closings = append(p.places, place{s.Prefix, root}), append(closings, closing)
		}
	}
	return p, nil
}

// openRoot opens a folder or an archive of pictures.
func openRoot(path string) (root fs.FS, closing func(), err error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() && !dataset.HoldsArchives(path) {
		return os.DirFS(path), func() {}, nil // without a look at all that is in it
	}
	data, err := dataset.Open(dataset.Options{Data: path, ImagesOnly: true})
	if err != nil {
		return nil, func() {}, err
	}
	return data.Root, func() { data.Close() }, nil // read only
}

// open returns the image at path where its checksum is the one that is known of it, or nil and why not. The error is
// that of a disk.
func (p pictures) open(path, sum string) (picture image.Image, why string, err error) {
	const away, nowhere = "not at hand: --data", "not in the data"
	why = away
	for _, at := range slices.Backward(p.places) {
		inside, ok := strings.CutPrefix(path, at.prefix)
		if !ok {
			continue
		}
		if info, err := fs.Stat(at.root, inside); errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			if why == away {
				why = nowhere
			}
			continue
		}
		if picture, why, err = at.open(inside, sum); picture != nil || err != nil {
			return picture, why, err
		}
	}
	return nil, why, nil
}

// open returns the image at path where its checksum is the one that is known of it, or nil and why not. The error is
// that of a disk.
func (p place) open(path, sum string) (picture image.Image, why string, err error) {
	file, err := decode.File(p.root, path, decode.DefaultLimits)
	switch {
	case isA[*decode.LimitError](err):
		return nil, "changed since", nil
	case err != nil:
		return nil, "", err
	}
	if now := sha256.Sum256(file); sum != "" && hex.EncodeToString(now[:]) != sum {
		return nil, "changed since", nil
	}
	img, err := decode.Decode(file, decode.DefaultLimits)
	if err != nil {
		return nil, err.Error(), nil
	}
	return img, "", nil
}

// cellOf shows an answer: its picture, or the thumbnail of x where that is not as it was.
func cellOf(ctx context.Context, h inference.Hit, p pictures, x index.Searched) (cell sheet.Cell, err error) {
	cell = sheet.Cell{Caption: fmt.Sprintf("%d: %.4f", h.Rank, h.Distance)}
	if h.Class != "" {
		cell.Caption += "\n" + h.Class
	}
	cell.Caption += "\n" + h.Path
	if h.Accepted != nil && !*h.Accepted {
		cell.Frame = sheet.Refused
		cell.Caption += "\nnone of these"
	}
	var why string
	cell.Image, why, err = p.open(h.Path, h.SHA256)
	if why != "" {
		switch img, err := thumbnailOf(ctx, x, h.Row); {
		case err != nil:
			why = err.Error()
		case img != nil:
			cell.Image = img
			return cell, nil
		}
	}
	if why != "" {
		cell.Caption += "\n(" + why + ")"
	}
	return cell, err
}

// thumbnailOf returns the picture that lies in an index, nil where it has none.
func thumbnailOf(ctx context.Context, x index.Searched, row int) (image.Image, error) {
	file, err := x.Thumbnail(ctx, row)
	if err != nil || file == nil {
		return nil, err
	}
	return decode.Decode(file, decode.DefaultLimits)
}
