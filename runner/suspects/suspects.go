// Package suspects finds labels that are probably wrong: those that a network contradicts which has not
// learnt from them.
//
//	train.folds → network of each fold → Images, Pairs, LabelImages of its part → []Suspect → CSV, sheet
//
// A network that has learnt a wrong label agrees with it; that of a fold has not seen the label (confident
// learning, Northcutt, Jiang and Chuang 2021, §3, estimates by cross-validation for the same reason).
package suspects

import (
	"cmp"
	"slices"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// Suspect is a label that a network contradicts.
type Suspect struct {
	Score float64 // how many times as far the pictures of the label are as those of Seems; above 1
	Image string  // path
	Other string  // path of the other picture of a pair; "" of an image with a class or a label image
	Label string  // what the data says: a class, a label image, "same" or "different"
	Seems string  // what the network says
	Line  int     // of the list; 0 where none names it

	image, near int32 // dataset images: the one in doubt, or the first of a pair, and the one to look at beside it
}

// Pictures returns the dataset images of a suspect: the one in doubt, or the first of a pair, and the one to look
// at beside it.
func (s Suspect) Pictures() (image, beside int32) { return s.image, s.near }

// neighbours is how many of the nearest pictures of a class, at most, say how far it is.
const neighbours = 3

// Images returns the suspects among images of classes, of which none has been learnt from. Others are more images
// of the same data, such as those that were. Embeddings [N,D] are those of images, then of others. A class is as
// far from an image as its three nearest in the mean, the image itself left out. Where the image's class has fewer
// than six others, half of them count, at least one, and as many of each other class: of three, the farthest would be set
// against the nearest of many. An image that is alone in its class is passed over.
func Images(d *dataset.Dataset, images, others []int32, embeddings []float32, by distance.Distance) (list []Suspect) {
	all := slices.Concat(images, others)
	if len(all) == 0 {
		return nil
	}
	dim := len(embeddings) / len(all)
	row := func(i int) []float32 { return embeddings[i*dim : (i+1)*dim] }
	found := make([]*Suspect, len(images))
	workers.Each(len(images), func() func(int) {
		return func(i int) {
			nearest := map[int32]*near{}
			for k, other := range all {
				if class := d.Images[other].Class; k != i && class >= 0 {
					if nearest[class] == nil {
						nearest[class] = &near{class: class}
					}
					nearest[class].add(float64(by.Between(row(i), row(k))), other)
				}
			}
			found[i] = contradicted(d, images[i], nearest)
		}
	})
	for _, s := range found {
		if s != nil {
			list = append(list, *s)
		}
	}
	return list
}

// contradicted returns the suspect that an image is by what is nearest to it of each class; nil: it is none.
func contradicted(d *dataset.Dataset, image int32, nearest map[int32]*near) *Suspect {
	own := d.Images[image].Class
	mine := nearest[own]
	delete(nearest, own)
	if own < 0 || mine == nil {
		return nil
	}
	k := max(mine.seen/2, 1)
	var best *near
	for _, n := range nearest {
		if best == nil || n.compare(best, k) < 0 {
			best = n
		}
	}
	if best == nil || best.mean(k) >= mine.mean(k) {
		return nil
	}
	return &Suspect{Score: ratio(mine.mean(k), best.mean(k)), Image: d.Images[image].Path, Label: d.Classes[own],
		Seems: d.Classes[best.class], image: image, near: best.images[0]}
}

// near is the pictures of a class that are nearest to one.
type near struct {
	class     int32
	seen      int       // pictures that the nearest are of
	distances []float64 // the least first
	images    []int32
}

func (n *near) add(d float64, image int32) {
	n.seen++
	at, _ := slices.BinarySearch(n.distances, d)
	if at == neighbours {
		return
	}
	n.distances, n.images = slices.Insert(n.distances, at, d), slices.Insert(n.images, at, image)
	if len(n.distances) > neighbours {
		n.distances, n.images = n.distances[:neighbours], n.images[:neighbours]
	}
}

// mean is that of the k least distances, or of all where there are fewer.
func (n *near) mean(k int) (mean float64) {
	k = min(k, len(n.distances))
	for _, d := range n.distances[:k] {
		mean += d / float64(k)
	}
	return mean
}

func (n *near) compare(m *near, k int) int {
	return cmp.Or(cmp.Compare(n.mean(k), m.mean(k)), cmp.Compare(n.class, m.class))
}

// ratio returns a/b, and a large number where b is 0.
func ratio(a, b float64) float64 {
	const least = 1e-9 // of a distance of embeddings of length 1: they are one
	return a / max(b, least)
}

// Pairs returns the suspects among listed pairs, of which none has been learnt from, by the threshold up to which
// two pictures count as the same.
func Pairs(d *dataset.Dataset, pairs []dataset.Pair, distances []float32, threshold float64) (list []Suspect) {
	for i, p := range pairs {
		apart := float64(distances[i])
		if p.Same == (apart <= threshold) {
			continue
		}
		s := Suspect{Score: ratio(apart, threshold), Image: d.Images[p.Left].Path, Other: d.Images[p.Right].Path,
			Label: "same", Seems: "different", Line: int(p.Line), image: p.Left, near: p.Right}
		if !p.Same {
			s.Score, s.Label, s.Seems = ratio(threshold, apart), "different", "same"
		}
		list = append(list, s)
	}
	return list
}

// LabelImages returns the suspects among matches of photos and label images, of which no photo has been learnt
// from. Photos and labels are embeddings [M,D] and [G,D] of the matches' photos and of the label images gallery.
func LabelImages(d *dataset.Dataset, matches []dataset.Match, gallery []int32, photos, labels []float32, by distance.Distance) (list []Suspect) {
	if len(matches) == 0 || len(gallery) == 0 {
		return nil
	}
	dim := len(photos) / len(matches)
	for i, m := range matches {
		photo := photos[i*dim : (i+1)*dim]
		own, best, nearest := -1.0, -1.0, int32(0)
		for k, label := range gallery {
			apart := float64(by.Between(photo, labels[k*dim:(k+1)*dim]))
			if label == m.Label {
				own = apart
			} else if best < 0 || apart < best {
				best, nearest = apart, label
			}
		}
		if own < 0 || best < 0 || best >= own {
			continue
		}
		list = append(list, Suspect{Score: ratio(own, best), Image: d.Images[m.Image].Path, Label: d.Images[m.Label].Path,
			Seems: d.Images[nearest].Path, Line: m.Line, image: m.Image, near: nearest})
	}
	return list
}

// Sort orders suspects, the most doubtful first.
func Sort(list []Suspect) {
	slices.SortFunc(list, func(a, b Suspect) int {
		return cmp.Or(-cmp.Compare(a.Score, b.Score), cmp.Compare(a.Image, b.Image), cmp.Compare(a.Other, b.Other), cmp.Compare(a.Line, b.Line))
	})
}
