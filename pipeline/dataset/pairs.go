package dataset

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
)

// pairs reads a list with a row for each pair.
//
// Its columns are left and right, paths of images; same, 1 or 0; and, if there,
// split: train, val (or validation) or test. With "different" declared in place of
// "same", 1 means different. A row that repeats a pair, swapped or not, is kept and
// noted: lists drawn with replacement have some, and dropping them would change
// what their numbers compare with. One that contradicts an earlier row is an error.
var pairs = named.Row[Format]{
	Brief: "CSV or TSV with columns left,right,same[,split][,group]; same = 1 means similar",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readPairs, roles: []role{
			{name: "left"}, {name: "right"},
			{name: "same", opposite: "different"},
			{name: "split", optional: true}, {name: "group", optional: true},
		}}, named.Options(raw, &struct{}{})
	},
}

func readPairs(s *source, d *Dataset) error {
	r := &pairReader{source: s, images: newImageSet(s), seen: map[[2]int32]int{}}
	if err := s.list.each(r.add); err != nil {
		return err
	}
	if err := s.readAll(r.images); err != nil {
		return err
	}
	if len(r.pairs) == 0 {
		return &Error{"data", s.path, errors.New("a header and no pairs below it")}
	}
	r.fill(d)
	return nil
}

// readNotes says how a list was read.
func (s *source) readNotes(d *Dataset, images *imageSet) {
	for _, l := range s.lists() {
		for _, note := range l.rows.Notes() {
			d.note("%s: %s", l.path, note)
		}
	}
	images.notes(d)
}

// readAll returns what was wrong with the rows of a list, and where its images may be.
func (s *source) readAll(images *imageSet) error {
	if len(images.images) == 0 {
		s.list.bad.Hint = s.nowhere()
	}
	return s.list.err()
}

// nowhere is the hint where no image of a list is found.
func (s *source) nowhere() string {
	if s.imagesNamed {
		return fmt.Sprintf("none of the listed images is in %q, which --images names: name another folder or .zip, "+
			"or write paths relative to this one", s.rootPath)
	}
	return fmt.Sprintf("none of the listed images is in %q: "+
		"name the folder or .zip that holds them with --images", s.rootPath)
}

// pairReader turns rows into pairs.
type pairReader struct {
	*source
	images        *imageSet
	pairs         []Pair
	seen          map[[2]int32]int // pair, lower number first → index of pairs
	repeats       int
	firstRepeated int // line
}

func (r *pairReader) add(row []string) error {
	left, leftErr := r.images.add(row[r.columns["left"]])
	right, rightErr := r.images.add(row[r.columns["right"]])
	same, sameErr := r.same(row)
	split, splitErr := r.split(row)
	if err := errors.Join(leftErr, rightErr, sameErr, splitErr); err != nil {
		return err
	}
	if left == right {
		return faulty("", "left and right are the same image, %q", r.images.images[left].Path)
	}
	r.images.groups.add(r.group(row), left, right)
	p := Pair{Left: left, Right: right, Same: same, Split: split, Line: r.list.line}
	key := [2]int32{min(left, right), max(left, right)}
	at, ok := r.seen[key]
	if !ok {
		r.seen[key] = len(r.pairs)
		r.pairs = append(r.pairs, p)
		return nil
	}
	before := r.pairs[at]
	switch {
	case before.Same != same:
		return faulty("keep one of them", "%q and %q are %s here and %s in line %d", r.images.images[left].Path,
			r.images.images[right].Path, kind(same), kind(before.Same), before.Line)
	case before.Split != split:
		return faulty("keep one of them", "%q and %q are in split %q here and in %q in line %d",
			r.images.images[left].Path, r.images.images[right].Path, split, before.Split, before.Line)
	}
	r.pairs = append(r.pairs, p)
	if r.repeats++; r.repeats == 1 {
		r.firstRepeated = p.Line
	}
	return nil
}

func (r *pairReader) same(row []string) (bool, error) {
	name, one := "same", true
	if _, ok := r.columns["different"]; ok {
		name, one = "different", false
	}
	value := row[r.columns[name]]
	same, ok := answer(value, one)
	if !ok {
		return false, faulty(fmt.Sprintf("want 1, yes or %s; or 0, no or %s", kind(one), kind(!one)),
			"%s is %q", name, value)
	}
	return same, nil
}

// split returns what the column split says, "" where there is none.
func (s *source) split(row []string) (Split, error) {
	at, ok := s.columns["split"]
	if !ok {
		return "", nil
	}
	split := splitOf(row[at])
	if split == "" {
		return "", faulty("want train, val or test", "split is %q", row[at])
	}
	return split, nil
}

// group returns what the column group says, "" where there is none.
func (s *source) group(row []string) string {
	if at, ok := s.columns["group"]; ok {
		return row[at]
	}
	return ""
}

// fill sorts the images into d and notes what was left out.
func (r *pairReader) fill(d *Dataset) {
	r.readNotes(d, r.images)
	images, number := r.images.sorted()
	d.Images, d.Pairs = images, r.pairs
	for i := range d.Pairs {
		p := &d.Pairs[i]
		p.Left, p.Right = number[p.Left], number[p.Right]
	}
	r.images.groups.fill(d, func(i int32) int32 { return number[i] })
	d.splitImages()
	if names := r.list.unused(r.columns); len(names) > 0 {
		d.note("left out %s: %s", plural(len(names), "column"), few(names))
	}
	if r.repeats > 0 {
		verb := "repeat"
		if r.repeats == 1 {
			verb = "repeats"
		}
		d.note("%s %s a pair and count again, first in line %d",
			plural(r.repeats, "row"), verb, r.firstRepeated)
	}
	d.noteLeaks()
	if n, first := contradictions(d.Images, d.Pairs); n > 0 {
		d.note("%s: %s", contradict(n), first)
	}
}

// noteLeaks says how many images are on more than one side of the splits.
func (d *Dataset) noteLeaks() {
	if n := d.leaks(); n > 0 {
		d.note("%s in pairs of more than one split: scores on such pairs flatter", plural(n, "image"))
	}
}

// leaks counts the images in pairs of more than one split.
func (d *Dataset) leaks() int {
	first := make([]Split, len(d.Images))
	leaks := map[int32]bool{}
	for _, p := range d.Pairs {
		for _, i := range []int32{p.Left, p.Right} {
			if first[i] == "" {
				first[i] = p.Split
			} else if first[i] != p.Split {
				leaks[i] = true
			}
		}
	}
	return len(leaks)
}

// splitImages sets the split of each image from its pairs.
func (d *Dataset) splitImages() {
	withheld := []Split{"", Train, Val, Test}
	for _, p := range d.Pairs {
		for _, i := range []int32{p.Left, p.Right} {
			s := &d.Images[i].Split
			if slices.Index(withheld, p.Split) > slices.Index(withheld, *s) {
				*s = p.Split
			}
		}
	}
}

func kind(same bool) string {
	if same {
		return "same"
	}
	return "different"
}
