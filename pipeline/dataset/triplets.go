package dataset

import (
	"errors"

	"github.com/tfpair/tfpair/internal/named"
)

// triplets reads a list with a row for each triplet.
//
// Its columns are anchor, positive and negative, paths of images, and, if there,
// split: train, val (or validation) or test. A positive is of its anchor's class, so
// anchors and positives join to classes, and a negative of its anchor's class is an
// error. Each triplet is also two pairs, on which a model is calibrated and measured.
var triplets = named.Row[Format]{
	Brief: "CSV or TSV with columns anchor,positive,negative[,split][,group]; " +
		"the positive is of the anchor's class",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readTriplets, beside: true, roles: []role{
			{name: "anchor"}, {name: "positive"}, {name: "negative"},
			{name: "split", optional: true}, {name: "group", optional: true},
		}}, named.Options(raw, &struct{}{})
	},
}

func readTriplets(s *source, d *Dataset) error {
	r := &tripletReader{source: s, images: newImageSet(s), seen: map[Pair]bool{}, rows: map[Triplet]bool{}}
	if err := s.each("triplets", r.add); err != nil {
		return err
	}
	r.checkNegatives()
	if err := s.readAll(r.images); err != nil {
		return err
	}
	r.fill(d)
	return nil
}

// tripletReader turns rows into triplets and their pairs.
type tripletReader struct {
	*source
	images        *imageSet
	triplets      []Triplet
	pairs         []Pair
	seen          map[Pair]bool    // pairs, lower image first, without their lines
	rows          map[Triplet]bool // without their lines
	repeats       int
	firstRepeated spot
}

func (r *tripletReader) add(row []string) error {
	anchor, anchorErr := r.images.add(r.field(row, "anchor"))
	positive, positiveErr := r.images.add(r.field(row, "positive"))
	negative, negativeErr := r.images.add(r.field(row, "negative"))
	split, splitErr := r.split(row)
	if err := errors.Join(anchorErr, positiveErr, negativeErr, splitErr); err != nil {
		return err
	}
	path := func(i int32) string { return r.images.images[i].Path }
	switch {
	case positive == anchor:
		return faulty("", "the positive is its anchor, %q", path(anchor))
	case negative == anchor:
		return faulty("", "the negative is its anchor, %q", path(anchor))
	case negative == positive:
		return faulty("", "positive and negative are the same image, %q", path(positive))
	}
	r.images.groups.add(r.field(row, "group"), anchor, positive, negative)
	key := Triplet{Anchor: anchor, Positive: positive, Negative: negative, Split: split}
	if r.rows[key] {
		if r.repeats++; r.repeats == 1 {
			r.firstRepeated = r.from
		}
	}
	r.rows[key] = true
	line, list := int32(r.from.line), r.from.list
	r.triplets = append(r.triplets, Triplet{anchor, positive, negative, line, split, list})
	r.addPair(Pair{Left: anchor, Right: positive, Same: true, Split: split, Line: line, list: list})
	r.addPair(Pair{Left: anchor, Right: negative, Split: split, Line: line, list: list})
	return nil
}

// addPair keeps a pair that is new to its split.
func (r *tripletReader) addPair(p Pair) {
	key := Pair{Left: min(p.Left, p.Right), Right: max(p.Left, p.Right), Same: p.Same, Split: p.Split}
	if !r.seen[key] {
		r.seen[key] = true
		r.pairs = append(r.pairs, p)
	}
}

// checkNegatives refuses negatives that anchors and positives join to their anchor.
func (r *tripletReader) checkNegatives() {
	sets := sameSets(len(r.images.images), ListOf(r.pairs))
	var next map[int32][]joint
	for _, t := range r.triplets {
		if sets.Root(t.Anchor) != sets.Root(t.Negative) {
			continue
		}
		if next == nil {
			next = joints(ListOf(r.pairs))
		}
		at := t.spot()
		r.refute(at, faulty("", "the negative %q is of its anchor's class: %s",
			r.images.images[t.Negative].Path, r.names().chain(r.images.images, next, t.Anchor, t.Negative, at)))
	}
}

// fill sorts the images into d and notes what was left out.
func (r *tripletReader) fill(d *Dataset) {
	r.readNotes(d, r.images)
	images, number := r.images.sorted()
	d.Images, d.Pairs, d.Triplets, d.lists = images, r.pairs, r.triplets, r.names()
	for i := range d.Pairs {
		p := &d.Pairs[i]
		p.Left, p.Right = number[p.Left], number[p.Right]
	}
	for i := range d.Triplets {
		t := &d.Triplets[i]
		t.Anchor, t.Positive, t.Negative = number[t.Anchor], number[t.Positive], number[t.Negative]
	}
	r.images.groups.fill(d, func(i int32) int32 { return number[i] })
	d.splitImages()
	r.noteUnused(d)
	d.noteRepeats(r.repeats, "triplet", r.firstRepeated)
	d.noteLeaks()
}
