package check

import (
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// bystanders is what is known of the pictures of a group.
type bystanders struct {
	d      *dataset.Dataset
	prints []copies.Print
	kind   []string // [image] see Dataset.Shows
}

// leaks returns each picture of a group that is in a split and has a copy in one that is used before. A label image is in none.
func (b bystanders) leaks(g copies.Group) (found []Link) {
	for _, m := range g {
		mine := b.d.Images[m.Print].Split
		if l, ok := b.nearest(g, m, func(other int) bool {
			theirs := b.d.Images[other].Split
			return theirs != dataset.Unsplit && theirs < mine
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
		if ok && l.Kind != copies.Edited && l.Kind != copies.Resembles {
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
			if o.Kind == copies.Resembles || m.Kind == copies.Resembles {
				kind, distance = copies.Resembles, 0
			}
		}
		if !ok || kind.Compare(distance, best.Kind, best.Distance) < 0 {
			best, ok = b.link(kind, distance, m.Print, o.Print), true
		}
	}
	return best, ok
}

func (b bystanders) link(kind copies.Kind, distance, image, of int) Link {
	return Link{Kind: kind, Distance: distance, Path: b.prints[image].Path, Split: b.d.Images[image].Split, Class: b.kind[image],
		Of: b.prints[of].Path, OfSplit: b.d.Images[of].Split, OfClass: b.kind[of]}
}
