package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/tfpair/tfpair/models/index"
)

// classSet is embeddings of images with their classes.
type classSet struct {
	class      []string
	row        [][]float32
	validation int // how many of the classes are those of validation; 0 of learned classes
}

func (s *classSet) add(class string, row []float32) {
	s.class, s.row = append(s.class, class), append(s.row, row)
}

// classes returns the names of the classes, sorted.
func (s classSet) classes() []string {
	return slices.Compact(slices.Sorted(slices.Values(s.class)))
}

// of returns the images of some classes.
func (s classSet) of(classes []string) (part classSet) {
	for i, class := range s.class {
		if slices.Contains(classes, class) {
			part.add(class, s.row[i])
		}
	}
	return part
}

// draw returns n images, all where there are fewer.
func (s classSet) draw(n int, r *rand.Rand) (part classSet) {
	for _, i := range r.Perm(len(s.row))[:min(n, len(s.row))] {
		part.add(s.class[i], s.row[i])
	}
	return part
}

// flat returns all rows, one after another.
func (s classSet) flat() []float32 { return slices.Concat(s.row...) }

// searchCells measures galleries of learned classes, with a threshold from validation, and of new
// classes, whose own images ask as strangers, too. Classes that were not learned are dealt anew each
// time: as many as there were to validation; of the others a quarter are strangers of a gallery of
// new classes, and all of one of learned classes.
func searchCells(learned, others classSet, r *rand.Rand) (cells []cell, err error) {
	for _, kind := range []string{"learned", "new"} {
		for _, n := range gallerySizes {
			c := cell{Gallery: kind, Images: n}
			for range partitions {
				dealt := others.classes()
				r.Shuffle(len(dealt), func(i, j int) { dealt[i], dealt[j] = dealt[j], dealt[i] })
				validation, rest := dealt[:others.validation], dealt[others.validation:]
				from, strangers := learned, rest
				if kind == "new" {
					quarter := max(1, len(rest)/4)
					strangers, from = rest[:quarter], others.of(rest[quarter:])
				}
				share, ok, err := falsePositives(from.draw(n, r), others.of(validation).draw(keptStrangers, r),
					others.of(strangers), kind == "learned")
				switch {
				case err != nil:
					return nil, err
				case !ok || len(from.row) < n:
					c.Without++
				default:
					c.FalsePositives = append(c.FalsePositives, share)
				}
			}
			c.Galleries = len(c.FalsePositives)
			cells = append(cells, c)
		}
	}
	return cells, nil
}

// falsePositives returns the share of strangers that an index of a gallery accepts, at the
// threshold that it chooses with validation images; ok is false where it chooses none.
func falsePositives(gallery, validation, strangers classSet, learned bool) (share float64, ok bool, err error) {
	items := make([]index.Item, len(gallery.row))
	for i, class := range gallery.class {
		items[i] = index.Item{ID: strconv.Itoa(i), Path: strconv.Itoa(i), Class: class}
	}
	x, err := index.New(index.About{Kind: "flat", Space: "bench", Distance: "cosine", Dim: len(gallery.row[0])}, items, gallery.flat())
	if err != nil {
		return 0, false, err
	}
	x = x.Calibrate(index.Calibration{Promise: index.Promise, Learned: func(index.Item) bool { return learned },
		Strangers: index.Strangers{Classes: validation.class, Vectors: validation.flat()}})
	accept := x.About().Accept
	if accept == nil {
		return 0, false, nil
	}
	found, err := x.Search(strangers.flat(), 1)
	if err != nil {
		return 0, false, err
	}
	accepted := 0
	for _, hits := range found {
		if accept.Accepts(hits[0].Distance) {
			accepted++
		}
	}
	return math.Round(1e4*float64(accepted)/float64(len(found))) / 1e4, true, nil
}
