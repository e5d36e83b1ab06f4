package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
)

// Match is an image and the label image that stands for it.
type Match struct {
	Image, Label int32 // indices of Dataset.Images
	Split        Split // of the image; a label image belongs to none
	Line         int   // in the list file, from 1
}

// imageLabel reads a list with a row for each photo.
//
// Its columns are image, a photo, and label_image, the picture that stands for it;
// and, if there, class, coarse, a class of classes, and split: train, val (or
// validation) or test. Many photos share a label image. Without a column class each
// label image is a class of its own, named by its path. A label image may stand for
// photos of every split and is no photo itself.
var imageLabel = named.Row[Format]{
	Brief: "CSV or TSV with columns image,label_image[,class][,coarse][,split]; " +
		"a photo and the picture that stands for it",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readMatches, roles: []role{
			{name: "image"}, {name: "label_image"},
			{name: "class", optional: true}, {name: "coarse", optional: true},
			{name: "split", optional: true},
		}}, named.Options(raw, &struct{}{})
	},
}

func readMatches(s *source, d *Dataset) error {
	r := &matchReader{source: s, images: newImageSet(s), of: map[int32]int{},
		classOf: map[int32]word{}, coarseOf: map[string]word{}, first: map[int32]int{}}
	for {
		row, err := s.list.next()
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		if err := r.add(row); err != nil {
			s.list.fail(s.list.line, "%v", err)
		}
	}
	r.checkRoles()
	if err := s.readAll(r.images); err != nil {
		return err
	}
	switch {
	case len(r.matches) == 0:
		return &Error{"data", s.path, errors.New("a header and no photos below it")}
	case len(r.first) == 1:
		m := r.matches[0]
		s.list.fail(m.Line, "label image %q stands for every photo; want at least 2 to choose from",
			r.path(m.Label))
		return s.list.err()
	}
	r.fill(d)
	return nil
}

// matchReader turns rows into matches.
type matchReader struct {
	*source
	images   *imageSet
	matches  []Match
	of       map[int32]int   // photo → index of matches
	first    map[int32]int   // label image → line where it is first
	classOf  map[int32]word  // label image → its class
	coarseOf map[string]word // class → its coarse class
	repeats  int             // rows left out
	repeated int             // line of the first of them
}

// word is what a column says, and the line where it first did.
type word struct {
	text string
	line int
}

func (r *matchReader) add(row []string) error {
	image, imageErr := r.images.add(row[r.columns["image"]])
	label, labelErr := r.images.add(row[r.columns["label_image"]])
	if labelErr != nil {
		labelErr = fmt.Errorf("label_image: %w", labelErr)
	}
	split, splitErr := r.split(row)
	if err := joined(imageErr, labelErr, splitErr); err != nil {
		return err
	}
	if image == label {
		return fmt.Errorf("image %q is its own label image", r.path(image))
	}
	m := Match{Image: image, Label: label, Split: split, Line: r.list.line}
	if at, ok := r.of[image]; ok {
		return r.again(m, r.matches[at])
	}
	if err := r.addClasses(row, label); err != nil {
		return err
	}
	if _, ok := r.first[label]; !ok {
		r.first[label] = m.Line
	}
	r.of[image] = len(r.matches)
	r.matches = append(r.matches, m)
	return nil
}

// again leaves out a row about a photo that an earlier one says the same of.
func (r *matchReader) again(m, before Match) error {
	switch {
	case before.Label != m.Label:
		return fmt.Errorf("image %q has the label image %q here and %q in line %d",
			r.path(m.Image), r.path(m.Label), r.path(before.Label), before.Line)
	case before.Split != m.Split:
		return fmt.Errorf("image %q is in split %q here and in %q in line %d",
			r.path(m.Image), m.Split, before.Split, before.Line)
	}
	if r.repeats++; r.repeats == 1 {
		r.repeated = m.Line
	}
	return nil
}

// addClasses keeps the class of a label image and the coarse class of that one.
func (r *matchReader) addClasses(row []string, label int32) error {
	class := r.path(label)
	if at, ok := r.columns["class"]; ok {
		class = row[at]
		if class == "" {
			return errors.New("class is empty")
		}
	}
	if before, ok := r.classOf[label]; ok && before.text != class {
		return fmt.Errorf("label image %q is of class %q here and of %q in line %d",
			r.path(label), class, before.text, before.line)
	} else if !ok {
		r.classOf[label] = word{class, r.list.line}
	}
	at, ok := r.columns["coarse"]
	if !ok {
		return nil
	}
	coarse := row[at]
	if coarse == "" {
		return errors.New("coarse is empty")
	}
	if before, ok := r.coarseOf[class]; ok && before.text != coarse {
		return fmt.Errorf("class %q is of coarse class %q here and of %q in line %d",
			class, coarse, before.text, before.line)
	} else if !ok {
		r.coarseOf[class] = word{coarse, r.list.line}
	}
	return nil
}

// checkRoles refuses photos that are label images of others.
func (r *matchReader) checkRoles() {
	for _, m := range r.matches {
		if line, ok := r.first[m.Image]; ok {
			r.list.fail(m.Line, "image %q is a label image in line %d", r.path(m.Image), line)
		}
	}
}

func (r *matchReader) path(image int32) string { return r.images.images[image].Path }

// fill sorts images and classes into d and notes what was left out.
func (r *matchReader) fill(d *Dataset) {
	images, number := r.images.sorted()
	d.Images, d.Matches = images, r.matches
	d.Classes = distinct(r.classOf)
	for i := range d.Matches {
		m := &d.Matches[i]
		class, _ := slices.BinarySearch(d.Classes, r.classOf[m.Label].text)
		m.Image, m.Label = number[m.Image], number[m.Label]
		d.Images[m.Image].Class, d.Images[m.Label].Class = int32(class), int32(class)
		d.Images[m.Image].Split = m.Split
	}
	if len(r.coarseOf) > 0 {
		d.Coarse = distinct(r.coarseOf)
		for _, class := range d.Classes {
			coarse, _ := slices.BinarySearch(d.Coarse, r.coarseOf[class].text)
			d.CoarseOf = append(d.CoarseOf, int32(coarse))
		}
	}
	if names := r.list.unused(r.columns); len(names) > 0 {
		d.note("left out %s: %s", plural(len(names), "column"), quoted(names))
	}
	if r.repeats > 0 {
		d.note("left out %s about an image that is there before, first line %d",
			plural(r.repeats, "row"), r.repeated)
	}
}

// distinct returns the texts of the words, sorted, each once.
func distinct[K comparable](words map[K]word) []string {
	var texts []string
	for _, w := range words {
		texts = append(texts, w.text)
	}
	slices.SortFunc(texts, strings.Compare)
	return slices.Compact(texts)
}
