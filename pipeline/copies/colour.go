package copies

import "math"

// Hashes are of the luma alone. A shirt in red and the same shirt in blue have one hash, and are two products.
// The bounds are levels of 255. Of 150 photos the largest changes were: 20 % brighter or warmer by 10 % 17 at one
// place; a frame of a tenth, which moves the places, 23 in the mean. A red apple and a green one are 53 apart.
const (
	sameColour  = 30 // at the place that changed most
	alikeColour = 25 // in the mean of the places
	grey        = 4  // a picture without a place above this has no colour
)

// recoloured returns how far the colours of two pictures are apart, in the mean of the places and at most, as
// distances in the plane of Cb and Cr (ITU-R BT.601). They are 0 where one has no colour, as a grey copy.
func (s *Small) recoloured(t *Small) (mean, most float64) {
	var colour [2]float64 // the largest
	for p := 0; p < len(s); p += 3 {
		b, r := chroma(s[p : p+3])
		c, q := chroma(t[p : p+3])
		colour[0], colour[1] = max(colour[0], math.Hypot(b, r)), max(colour[1], math.Hypot(c, q))
		apart := math.Hypot(b-c, r-q)
		mean += apart / float64(len(s)/3)
		most = max(most, apart)
	}
	if min(colour[0], colour[1]) <= grey {
		return 0, 0
	}
	return mean, most
}

// chroma returns Cb and Cr of red, green and blue, 0 for grey.
func chroma(rgb []uint8) (cb, cr float64) {
	luma := 0.299*float64(rgb[0]) + 0.587*float64(rgb[1]) + 0.114*float64(rgb[2])
	return 0.564 * (float64(rgb[2]) - luma), 0.713 * (float64(rgb[0]) - luma)
}
