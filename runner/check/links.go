package check

import (
	"slices"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// bystanders is what is known of the pictures of a group.
type bystanders struct {
	d      *dataset.Dataset
	prints []copies.Print
	kind   []string // [image] what it shows: its class or its label image; "" unknown
}

// kinds returns what each image shows.
func kinds(d *dataset.Dataset) []string {
	of := make([]string, len(d.Images))
	for _, m := range d.Matches {
		of[m.Image] = d.Images[m.Label].Path
	}
	if len(d.Matches) == 0 {
		for i, image := range d.Images {
			if image.Class >= 0 {
				of[i] = d.Classes[image.Class]
			}
		}
	}
	return of
}

// exposure orders splits: what is learnt from, what is chosen on, what is reported. A label image has none.
var exposure = map[dataset.Split]int{dataset.Train: 1, dataset.Val: 2, dataset.Test: 3}

// leaks returns each picture of a group that is in a split and has a copy in one that is used before.
func (b bystanders) leaks(g copies.Group) (found []Link) {
	for _, m := range g {
		mine := exposure[b.d.Images[m.Print].Split]
		if l, ok := b.nearest(g, m, func(other int) bool {
			theirs := exposure[b.d.Images[other].Split]
			return theirs > 0 && theirs < mine
		}); ok {
			found = append(found, l)
		}
	}
	return found
}

// conflicts returns, of a group of one picture, each member that shows something else than a member
// before it. Pictures that only look the same may well be different things.
func (b bystanders) conflicts(g copies.Group) (found []Link) {
	for i, m := range g {
		l, ok := b.nearest(g[:i], m, func(other int) bool {
			return b.kind[other] != "" && b.kind[m.Print] != "" && b.kind[other] != b.kind[m.Print]
		})
		if ok && l.Kind != copies.Edited {
			found = append(found, l)
		}
	}
	return found
}

// nearest returns the link of a member to the closest picture of g that counts.
func (b bystanders) nearest(g copies.Group, m copies.Member, counts func(other int) bool) (best Link, ok bool) {
	for _, o := range g {
		if o.Print == m.Print || !counts(o.Print) {
			continue
		}
		kind, distance, direct := copies.Compare(&b.prints[m.Print], &b.prints[o.Print])
		if !direct {
			kind, distance = copies.Edited, o.Distance+m.Distance // joined by others of the group
		}
		if !ok || closer(kind, distance, best) {
			best, ok = b.link(kind, distance, m.Print, o.Print), true
		}
	}
	return best, ok
}

// closer orders links by kind, then by distance.
func closer(kind copies.Kind, distance int, than Link) bool {
	order := []copies.Kind{copies.File, copies.Pixels, copies.Reencoded, copies.Edited}
	a, b := slices.Index(order, kind), slices.Index(order, than.Kind)
	return a < b || a == b && distance < than.Distance
}

func (b bystanders) link(kind copies.Kind, distance, image, of int) Link {
	return Link{Kind: kind, Distance: distance, Path: b.prints[image].Path, Split: b.d.Images[image].Split, Class: b.kind[image],
		Of: b.prints[of].Path, OfSplit: b.d.Images[of].Split, OfClass: b.kind[of]}
}
