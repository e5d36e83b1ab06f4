package dataset

import (
	"errors"
	"fmt"
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
	Brief: "CSV or TSV with columns image,label_image[,class][,coarse][,split][,group][,time]; " +
		"a photo and the picture that stands for it",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readMatches, beside: true, roles: []role{
			{name: "image"}, {name: "label_image"},
			{name: "class", optional: true}, {name: "coarse", optional: true},
			{name: "split", optional: true}, {name: "group", optional: true}, {name: "time", optional: true},
		}}, named.Options(raw, &struct{}{})
	},
}

func readMatches(s *source, d *Dataset) error {
	r := &matchReader{source: s, images: newImageSet(s), of: map[int32]int{},
		classOf: map[int32]word{}, coarseOf: map[string]word{}, first: map[int32]spot{}}
	if err := s.each("photos", r.add); err != nil {
		return err
	}
	r.checkRoles()
	if err := s.readAll(r.images); err != nil {
		return err
	}
	if len(r.first) == 1 {
		at := r.spots[0] // no row is to blame, and leaving some out helps nothing
		whole := &ListError{Path: r.names()[at.list]}
		whole.add(at.line, faulty("want at least 2 to choose from", "label image %q stands for every photo", r.path(r.matches[0].Label)))
		return whole
	}
	s.readNotes(d, r.images)
	r.fill(d)
	s.noteUnused(d)
	return nil
}

// matchReader turns rows into matches.
type matchReader struct {
	*source
	images   *imageSet
	matches  []Match
	spots    []spot          // where each match is
	of       map[int32]int   // photo → index of matches
	first    map[int32]spot  // label image → where it is first
	classOf  map[int32]word  // label image → its class
	coarseOf map[string]word // class → its coarse class
	repeats  int             // rows left out
	repeated spot            // the first of them
}

// word is what a column says, and where it first did.
type word struct {
	text string
	spot
}

func (r *matchReader) add(row []string) error {
	split, splitErr := r.split(row)
	image, imageErr := r.images.add(r.field(row, "image"))
	label, labelErr := r.images.add(r.field(row, "label_image"))
	labelErr = before("label_image", labelErr)
	if err := errors.Join(splitErr, imageErr, labelErr); err != nil {
		return err
	}
	if image == label {
		return faulty("", "image %q is its own label image", r.path(image))
	}
	m := Match{Image: image, Label: label, Split: split, Line: r.from.line}
	at, again := r.of[image]
	if again {
		if err := r.again(m, at); err != nil {
			return err
		}
	}
	if err := r.addClasses(row, label); err != nil || again {
		return err
	}
	if _, ok := r.first[label]; !ok {
		r.first[label] = r.from
	}
	r.images.groups.add(r.field(row, "group"), image)
	r.images.addTime(r.field(row, "time"), image)
	r.of[image] = len(r.matches)
	r.matches, r.spots = append(r.matches, m), append(r.spots, r.from)
	return nil
}

// again leaves out a row about a photo that match number at says the same of.
func (r *matchReader) again(m Match, at int) error {
	before, where := r.matches[at], r.names().of(r.spots[at], r.from)
	switch {
	case before.Label != m.Label:
		return faulty("", "image %q has the label image %q here and %q in %s",
			r.path(m.Image), r.path(m.Label), r.path(before.Label), where)
	case before.Split != m.Split:
		return faulty("", "image %q is in %s here and in %s in %s",
			r.path(m.Image), m.Split.named(), before.Split.named(), where)
	}
	if r.repeats++; r.repeats == 1 {
		r.repeated = r.from
	}
	return nil
}

// named returns "split \"val\"", or "no split".
func (s Split) named() string {
	if s == Unsplit {
		return "no split"
	}
	return fmt.Sprintf("split %q", s)
}

// addClasses keeps the class of a label image and the coarse class of that one.
func (r *matchReader) addClasses(row []string, label int32) error {
	class := r.path(label)
	if at, ok := r.reading.columns["class"]; ok {
		class = row[at]
		if class == "" {
			return faulty("", "class is empty")
		}
	}
	if before, ok := r.classOf[label]; ok && before.text != class {
		return faulty("", "label image %q is of class %q here and of %q in %s",
			r.path(label), class, before.text, r.names().of(before.spot, r.from))
	} else if !ok {
		r.classOf[label] = word{class, r.from}
	}
	at, ok := r.reading.columns["coarse"]
	if !ok {
		return nil
	}
	coarse := row[at]
	if coarse == "" {
		return faulty("", "coarse is empty")
	}
	if before, ok := r.coarseOf[class]; ok && before.text != coarse {
		return faulty("", "class %q is of coarse class %q here and of %q in %s",
			class, coarse, before.text, r.names().of(before.spot, r.from))
	} else if !ok {
		r.coarseOf[class] = word{coarse, r.from}
	}
	return nil
}

// checkRoles refuses photos that are label images of others.
func (r *matchReader) checkRoles() {
	for i, m := range r.matches {
		if label, ok := r.first[m.Image]; ok {
			at := r.spots[i]
			r.refute(at, faulty("", "image %q is a label image in %s", r.path(m.Image), r.names().of(label, at)))
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
	r.images.groups.fill(d, func(i int32) int32 { return number[i] })
	r.images.fillTimes(d, number)
	if len(r.coarseOf) > 0 {
		d.Coarse = distinct(r.coarseOf)
		for _, class := range d.Classes {
			coarse, _ := slices.BinarySearch(d.Coarse, r.coarseOf[class].text)
			d.CoarseOf = append(d.CoarseOf, int32(coarse))
		}
	}
	if r.repeats > 0 {
		d.note("left out %s about an image that is there before, first %s:%d",
			plural(r.repeats, "row"), r.names()[r.repeated.list], r.repeated.line)
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
