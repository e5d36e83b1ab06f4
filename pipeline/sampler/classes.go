package sampler

import (
	"math/rand/v2"
	"slices"
)

// classes are the images of each class.
type classes [][]int32

// member is one image as its class holds it: classes[class][at].
type member struct{ class, at int32 }

// byClass groups the labelled images of the part, classes in ascending order of
// label, images in the order of the part.
func byClass(s Source) classes {
	groups := map[int32][]int32{}
	for _, image := range s.Part.Images {
		if c := s.label(image); c >= 0 {
			groups[c] = append(groups[c], image)
		}
	}
	labels := make([]int32, 0, len(groups))
	for c := range groups {
		labels = append(labels, c)
	}
	slices.Sort(labels)
	all := make(classes, len(labels))
	for i, c := range labels {
		all[i] = groups[c]
	}
	return all
}

// members returns every image, class by class.
func (c classes) members() []member {
	var all []member
	for class, images := range c {
		for at := range images {
			all = append(all, member{int32(class), int32(at)})
		}
	}
	return all
}

func (c classes) image(m member) int32 { return c[m.class][m.at] }

// singles counts the classes of one image.
func (c classes) singles() int {
	n := 0
	for _, images := range c {
		if len(images) == 1 {
			n++
		}
	}
	return n
}

// drawMate draws another image of m's class, which must have two.
func (c classes) drawMate(r *rand.Rand, m member) member {
	return member{m.class, drawExcept(r, len(c[m.class]), m.at)}
}

// drawOther draws a class other than m's, each equally likely, and an image of it.
func (c classes) drawOther(r *rand.Rand, m member) member {
	class := drawExcept(r, len(c), m.class)
	return member{class, r.Int32N(int32(len(c[class])))}
}

// drawExcept draws uniformly from [0,n) without x.
func drawExcept(r *rand.Rand, n int, x int32) int32 {
	y := r.Int32N(int32(n) - 1)
	if y >= x {
		y++
	}
	return y
}
