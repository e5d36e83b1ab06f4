package augment

// border is what lies outside an image.
type border struct {
	edge   bool     // the nearest pixel inside
	ground bool     // the colour of the paper: see ground
	colour [3]uint8 // else this
}

// parseBorder reads the option "border": "edge", "ground" or a colour.
func parseBorder(text string) (border, error) {
	switch text {
	case "edge":
		return border{edge: true}, nil
	case "ground":
		return border{ground: true}, nil
	}
	c, err := parseColour("border", text, "edge, ground")
	return border{colour: c}, err
}

// at returns the pixel at x, y of src [S,S,3], inside or not.
func (b border) at(src []uint8, size, x, y int) [3]uint8 {
	if x < 0 || y < 0 || x >= size || y >= size {
		if !b.edge {
			return b.colour
		}
		x, y = min(max(x, 0), size-1), min(max(y, 0), size-1)
	}
	return [3]uint8(src[3*(size*y+x):])
}

// ground returns the median, channel by channel, of the outermost pixels of an image
// [S,S,3]: the paper's colour as long as less than half of them are ink, whether the
// paper is white or black.
func ground(pixels []uint8, size int) (colour [3]uint8) {
	var counts [3][256]int
	count := func(x, y int) {
		for k, v := range pixels[3*(size*y+x):][:3] {
			counts[k][v]++
		}
	}
	for i := range size {
		count(i, 0)
		count(i, size-1)
		count(0, i)
		count(size-1, i)
	}
	for k := range colour {
		left := 2 * size // half of those counted
		for left -= counts[k][0]; left > 0; left -= counts[k][colour[k]] {
			colour[k]++
		}
	}
	return colour
}
