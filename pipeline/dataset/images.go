package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
)

// images takes every image and asks nothing about it: those of a folder or an archive,
// however deep, in the order of their paths, or those of a list with a column image,
// in the order of its rows. It is recognised only where Options.ImagesOnly says that
// no more is wanted.
var images = named.Row[Format]{
	Brief: "images and no more: all of a folder or archive, or a CSV or TSV with a column image",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readImages, roles: []role{{name: "image"}, {name: "group", optional: true}}, tree: true, plain: true},
			named.Options(raw, &struct{}{})
	},
}

func readImages(s *source, d *Dataset) error {
	if s.list != nil {
		return listImages(s, d)
	}
	w := newWalker(s.root)
	err := w.everywhere(".")
	slices.SortFunc(w.found, func(a, b found) int { return strings.Compare(a.path, b.path) })
	for _, f := range w.found {
		d.Images = append(d.Images, Image{Path: f.path, Class: -1, Size: f.size})
	}
	w.notes(d)
	if err == nil && len(d.Images) == 0 {
		err = errors.New(strings.Join(append([]string{"no images"}, d.Notes...), "; "))
	}
	if err != nil {
		return &Error{"data", s.path, err}
	}
	return nil
}

// listImages takes the images of the column image, each once.
func listImages(s *source, d *Dataset) error {
	set, rows := newImageSet(s), 0
	if err := s.each("images", func(row []string) error {
		rows++
		image, err := set.add(s.field(row, "image"))
		if err == nil {
			set.groups.add(s.field(row, "group"), image)
		}
		return err
	}); err != nil {
		return err
	}
	if err := s.readAll(set); err != nil {
		return err
	}
	s.readNotes(d, set)
	d.Images = set.images
	set.groups.fill(d, func(i int32) int32 { return i })
	if repeats := rows - len(d.Images); repeats > 0 {
		d.note("%s repeat an image and are left out", plural(repeats, "row"))
	}
	return nil
}

// single is the data that is one image file.
func (p place) single(name string, file opened) (*Dataset, error) {
	if err := file.close(); err != nil {
		return nil, &Error{"data", name, regular.Reason(err)}
	}
	root, err := p.sub(p.dir(name))
	if err != nil {
		return nil, &Error{"data", name, fmt.Errorf("folder: %w", regular.Reason(err))}
	}
	base := p.base(name)
	return &Dataset{Name: base, Format: "images", Root: root,
		Images: []Image{{Path: base, Class: -1, Size: file.size}}}, nil
}
