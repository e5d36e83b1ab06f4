package metric

import (
	"cmp"
	"slices"
)

// correct finds the ranks of the gallery images of a query's class. It is scratch
// space, used again for each query.
type correct struct {
	images []int32 // of the class, by ascending distance and index
	rank   []int32 // of each
}

// ranks returns the ranks, from 1 and ascending, of the images of class label, by
// distance [G] and index, leaving out skip. They are valid until the next call.
func (c *correct) ranks(distance []float32, labels []int32, label int32, skip int) []int32 {
	c.images, c.rank = c.images[:0], c.rank[:0]
	if label < 0 {
		return nil
	}
	for i, l := range labels {
		if l == label && i != skip {
			c.images = append(c.images, int32(i))
			c.rank = append(c.rank, 0)
		}
	}
	slices.SortFunc(c.images, func(a, b int32) int {
		return cmp.Or(cmp.Compare(distance[a], distance[b]), cmp.Compare(a, b))
	})
	for i, l := range labels { // count each other image once, at the first it comes before
		if l != label && i != skip {
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
