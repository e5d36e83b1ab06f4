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
// noted: lists drawn with replacement have some, and training draws them again. It is no
// second evidence: evaluation counts a pair once. One that contradicts an earlier row is
// an error.
var pairs = named.Row[Format]{
	Brief: "CSV or TSV with columns left,right,same[,split][,group]; same = 1 means similar",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readPairs, beside: true, roles: []role{
			{name: "left"}, {name: "right"},
			{name: "same", opposite: "different"},
			{name: "split", optional: true}, {name: "group", optional: true},
		}}, named.Options(raw, &struct{}{})
	},
}

func readPairs(s *source, d *Dataset) error {
	r := &pairReader{source: s, images: newImageSet(s)}
	if err := s.each("pairs", r.add); err != nil {
		return err
	}
	if err := s.readAll(r.images); err != nil {
		return err
	}
	r.fill(d)
	return nil
}

// pairReader turns rows into pairs.
type pairReader struct {
	*source
	images        *imageSet
	pairs         []Pair
	known         knownPairs
	repeats       int
	firstRepeated spot
}

func (r *pairReader) add(row []string) error {
	left, leftErr := r.images.add(r.field(row, "left"))
	right, rightErr := r.images.add(r.field(row, "right"))
	same, sameErr := r.same(row)
	split, splitErr := r.split(row)
	if err := errors.Join(leftErr, rightErr, sameErr, splitErr); err != nil {
		return err
	}
	if left == right {
		return faulty("", "left and right are the same image, %q", r.images.images[left].Path)
	}
	r.images.groups.add(r.field(row, "group"), left, right)
	p := Pair{Left: left, Right: right, Same: same, Split: split, Line: int32(r.from.line), list: r.from.list}
	at, ok := r.known.first(r.pairs, left, right)
	if !ok {
		r.pairs = append(r.pairs, p)
		return nil
	}
	before := r.pairs[at]
	where := r.names().of(before.spot(), r.from)
	switch {
	case before.Same != same:
		return faulty("keep one of them", "%q and %q are %s here and %s in %s", r.images.images[left].Path,
			r.images.images[right].Path, kind(same), kind(before.Same), where)
	case before.Split != split:
		return faulty("keep one of them", "%q and %q are in %s here and in %s in %s",
			r.images.images[left].Path, r.images.images[right].Path, split.named(), before.Split.named(), where)
	}
	r.pairs = append(r.pairs, p)
	if r.repeats++; r.repeats == 1 {
		r.firstRepeated = r.from
	}
	return nil
}

func (r *pairReader) same(row []string) (bool, error) {
	name, one := "same", true
	if _, ok := r.reading.columns["different"]; ok {
		name, one = "different", false
	}
	value := r.field(row, name)
	same, ok := answer(value, one)
	if !ok {
		return false, faulty(fmt.Sprintf("want 1, yes or %s; or 0, no or %s", kind(one), kind(!one)),
			"%s is %q", name, value)
	}
	return same, nil
}

// fill sorts the images into d and notes what was left out.
func (r *pairReader) fill(d *Dataset) {
	r.readNotes(d, r.images)
	images, number := r.images.sorted()
	d.Images, d.Pairs, d.lists = images, slices.Clone(r.pairs), r.names() // without the room for more, up to a quarter
	r.pairs = nil
	for i := range d.Pairs {
		p := &d.Pairs[i]
		p.Left, p.Right = number[p.Left], number[p.Right]
	}
	r.images.groups.fill(d, func(i int32) int32 { return number[i] })
	d.splitImages()
	r.noteUnused(d)
	d.noteRepeats(r.repeats, "pair", r.firstRepeated)
	d.noteLeaks()
	if n, first := d.Contradictions(); n > 0 {
		d.note("%s: %s", contradict(n), first)
	}
}

// noteRepeats says that rows repeat a pair or a triplet.
func (d *Dataset) noteRepeats(rows int, noun string, first spot) {
	if rows == 0 {
		return
	}
	verb := "repeat"
	if rows == 1 {
		verb = "repeats"
	}
	d.note("%s %s a %s, first in %s: training draws it again, measures count it once",
		plural(rows, "row"), verb, noun, d.lists.of(first, spot{}))
}

// noteLeaks says how many images are on more than one side of the splits.
func (d *Dataset) noteLeaks() {
	if n := d.leaks(); n > 0 {
		d.note("%s in pairs of more than one split: scores on such pairs flatter", plural(n, "image"))
	}
}

// leaks counts the images in pairs of more than one split.
func (d *Dataset) leaks() int {
	first := map[int32]Split{}
	leaks := map[int32]bool{}
	for _, p := range d.Pairs {
		for _, i := range []int32{p.Left, p.Right} {
			if before, ok := first[i]; !ok {
				first[i] = p.Split
			} else if before != p.Split {
				leaks[i] = true
			}
		}
	}
	return len(leaks)
}

// splitImages sets the split of each image from its pairs.
func (d *Dataset) splitImages() {
	for _, p := range d.Pairs {
		for _, i := range []int32{p.Left, p.Right} {
			d.Images[i].Split = max(d.Images[i].Split, p.Split)
		}
	}
}

func kind(same bool) string {
	if same {
		return "same"
	}
	return "different"
}
