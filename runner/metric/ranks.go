package metric

import (
	"cmp"
	"slices"
)

// correct finds the ranks of the gallery images of a query's class. It is scratch
// space, used again for each query.
type correct struct {
	itself int     // gallery image that is the query, -1 none
	groups []int32 // [G] of the gallery; nil where the query looks at all groups
	group  int32   // of the query
	images []int32 // of the class, by ascending distance and index
	rank   []int32 // of each
}

// look sets which images of the gallery a query looks at.
func (c *correct) look(s search, query int) {
	c.itself, c.groups = -1, nil
	if s.others {
		c.itself = query
	}
	if s.asked.Groups != nil && s.answers.Groups != nil && s.asked.Groups[query] >= 0 {
		c.groups, c.group = s.answers.Groups, s.asked.Groups[query]
	}
}

// leaves reports whether the query does not look at a gallery image: itself, or one of its group.
func (c *correct) leaves(image int) bool {
	return image == c.itself || c.groups != nil && c.groups[image] == c.group
}

// ranks returns the ranks, from 1 and ascending, of the images of class label that the query
// looks at, by distance [G] and index. They are valid until the next call.
func (c *correct) ranks(distance []float32, labels []int32, label int32) []int32 {
	c.images, c.rank = c.images[:0], c.rank[:0]
	if label < 0 {
		return nil
	}
	for i, l := range labels {
		if l == label && !c.leaves(i) {
			c.images = append(c.images, int32(i))
			c.rank = append(c.rank, 0)
		}
	}
	slices.SortFunc(c.images, func(a, b int32) int {
		return cmp.Or(cmp.Compare(distance[a], distance[b]), cmp.Compare(a, b))
	})
	for i, l := range labels { // count each other image once, at the first it comes before
		if l != label && !c.leaves(i) {
			if at := c.after(distance, int32(i)); at < len(c.rank) {
				c.rank[at]++
			}
		}
	}
	before := int32(0)
	for i := range c.rank {
		before += c.rank[i]
		c.rank[i] = before + int32(i) + 1
	}
	return c.rank
}

// after returns the index of the first image of the class that comes after image i,
// len(c.images) where there is none.
func (c *correct) after(distance []float32, i int32) int {
	d := distance[i]
	low, high := 0, len(c.images)
	for low < high {
		middle := int(uint(low+high) >> 1)
		image := c.images[middle]
		if e := distance[image]; e > d || e == d && image > i {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
