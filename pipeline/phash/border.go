package phash

import "image"

const (
	plainDeviation = 6  // levels, mean over a line: JPEG noise stays below it
	leastInside    = 16 // pixels per side: less is no picture
)

// inside returns the part of img within a border of one colour on each side, img.Rect where it has
// no border or nothing inside.
func inside(img *image.NRGBA) image.Rectangle {
	r := img.Rect
	top := image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+1)
	r.Min.Y += depth(img, top, image.Pt(0, 1), r.Dy())
	bottom := image.Rect(r.Min.X, r.Max.Y-1, r.Max.X, r.Max.Y)
	r.Max.Y -= depth(img, bottom, image.Pt(0, -1), r.Dy())
	left := image.Rect(r.Min.X, r.Min.Y, r.Min.X+1, r.Max.Y)
	r.Min.X += depth(img, left, image.Pt(1, 0), r.Dx())
	right := image.Rect(r.Max.X-1, r.Min.Y, r.Max.X, r.Max.Y)
	r.Max.X -= depth(img, right, image.Pt(-1, 0), r.Dx())
	if r.Dx() < leastInside || r.Dy() < leastInside {
		return img.Rect
	}
	return r
}

// depth returns how many lines, n at most, have the colour of the outermost, from there on inwards.
func depth(img *image.NRGBA, outermost image.Rectangle, inwards image.Point, n int) int {
	colour := mean(img, outermost)
	for i := range n {
		if deviation(img, outermost.Add(inwards.Mul(i)), colour) > plainDeviation {
			return i
		}
	}
	return n
}

// mean returns the mean colour of a line.
func mean(img *image.NRGBA, line image.Rectangle) (colour [3]int) {
	each(img, line, func(p []uint8) {
		for c := range colour {
			colour[c] += int(p[c])
		}
	})
	for c := range colour {
		colour[c] /= max(1, line.Dx()*line.Dy())
	}
	return colour
}

// deviation returns the mean distance of the pixels of a line from a colour, in levels of a channel.
func deviation(img *image.NRGBA, line image.Rectangle, colour [3]int) float64 {
	sum := 0
	each(img, line, func(p []uint8) {
		for c, want := range colour {
			sum += max(int(p[c])-want, want-int(p[c]))
		}
	})
	return float64(sum) / float64(max(1, 3*line.Dx()*line.Dy()))
}

// each calls do with the colour of each pixel of a line.
func each(img *image.NRGBA, line image.Rectangle, do func(rgb []uint8)) {
	for y := line.Min.Y; y < line.Max.Y; y++ {
		for x := line.Min.X; x < line.Max.X; x++ {
			at := img.PixOffset(x, y)
			do(img.Pix[at : at+3])
		}
	}
}
