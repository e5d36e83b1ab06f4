package recipe

import (
	"image"
	"slices"
)

// What makes a picture ink on paper. Measured on the raster below: of nineteen digits in twenty 0.75 and
// more is paper, two colours explain 0.90 of the variance, and strokes are 0.07 to 0.21 of the
// side; of characters 0.88, 1.00, and 0.06 to 0.09. Of nineteen photos of groceries in twenty at most
// 0.53 is paper and 0.79 explained. Four of five product pictures on white pass the first two,
// but the one in the middle of them is 0.31 of the side thick.
const (
	most       = 64   // places in a row of the raster
	paperNear  = 40   // levels, of 255, that paper may differ from its colour
	paperShare = 0.5  // of the places, at least, are paper
	twoColours = 0.75 // of the variance of differences to the paper, at least, two colours explain
	stroke     = 0.25 // of the side, at most, is ink thick
)

// isInk tells whether img is ink on paper, each of any colour: a drawing, a digit, a character,
// a signature.
func isInk(img *image.NRGBA) bool {
	r := rasterOf(img)
	ground := middle(r.border())
	apart := make([]int, len(r.colours)) // from the paper, of each place
	var counts [256]float64
	paper := 0
	for i, c := range r.colours {
		apart[i] = difference(c, ground)
		counts[apart[i]]++
		if apart[i] < paperNear {
			paper++
		}
	}
	if float64(paper) < paperShare*float64(len(apart)) {
		return false
	}
	level, explained := otsu(counts)
	if explained < twoColours {
		return false
	}
	ink := make([]bool, len(apart))
	for i, a := range apart {
		ink[i] = a > level
	}
	return r.thickness(ink) <= stroke
}

// raster is a picture at a few places.
type raster struct {
	columns, rows int
	colours       [][3]uint8 // row by row, RGB
}

func rasterOf(img *image.NRGBA) raster {
	b := img.Bounds()
	r := raster{columns: min(b.Dx(), most), rows: min(b.Dy(), most)}
	for row := range r.rows {
		for column := range r.columns {
			at := img.PixOffset(b.Min.X+column*b.Dx()/r.columns, b.Min.Y+row*b.Dy()/r.rows)
			r.colours = append(r.colours, [3]uint8(img.Pix[at:at+3]))
		}
	}
	return r
}

// border returns the outermost colours.
func (r raster) border() (colours [][3]uint8) {
	for i, c := range r.colours {
		row, column := i/r.columns, i%r.columns
		if row == 0 || row == r.rows-1 || column == 0 || column == r.columns-1 {
			colours = append(colours, c)
		}
	}
	return colours
}

// thickness returns how thick the thickest part of ink is, in shares of the shorter side: twice the number
// of times that a layer of one place can be taken off all around.
func (r raster) thickness(ink []bool) float64 {
	layers := 0
	for ; slices.Contains(ink, true) && 2*layers < min(r.columns, r.rows); layers++ {
		ink = r.eroded(ink)
	}
	return float64(2*layers) / float64(min(r.columns, r.rows))
}

// eroded returns the places of ink whose eight neighbours are ink, too, where there are any.
func (r raster) eroded(ink []bool) []bool {
	left := make([]bool, len(ink))
	for i := range ink {
		row, column := i/r.columns, i%r.columns
		left[i] = true
		for y := max(row-1, 0); y <= min(row+1, r.rows-1); y++ {
			for x := max(column-1, 0); x <= min(column+1, r.columns-1); x++ {
				left[i] = left[i] && ink[y*r.columns+x]
			}
		}
	}
	return left
}

// middle returns the median of each channel.
func middle(colours [][3]uint8) (m [3]uint8) {
	values := make([]uint8, len(colours))
	for c := range m {
		for i, p := range colours {
			values[i] = p[c]
		}
		slices.Sort(values)
		m[c] = values[len(values)/2]
	}
	return m
}

// difference returns the largest difference of a channel.
func difference(a, b [3]uint8) (largest int) {
	for c := range a {
		largest = max(largest, int(a[c])-int(b[c]), int(b[c])-int(a[c]))
	}
	return largest
}

// otsu parts a histogram in two so that as much of its variance as possible lies between the parts:
// Otsu, A Threshold Selection Method from Gray-Level Histograms, 1979. It returns the largest
// value of the lower part, and the share of the variance; 0 and 0 where all values are equal.
func otsu(counts [256]float64) (level int, explained float64) {
	var n, sum, squares float64
	for v, k := range counts {
		n, sum, squares = n+k, sum+k*float64(v), squares+k*float64(v*v)
	}
	variance := squares/n - sum/n*sum/n
	if variance <= 0 {
		return 0, 0
	}
	var below, belowSum float64
	for v, k := range counts {
		below, belowSum = below+k, belowSum+k*float64(v)
		above := n - below
		if below == 0 || above == 0 {
			continue
		}
		gap := belowSum/below - (sum-belowSum)/above
		if share := below * above / (n * n) * gap * gap / variance; share > explained {
			level, explained = v, share
		}
	}
	return level, explained
}
