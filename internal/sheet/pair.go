package sheet

import (
	"image"
	"image/draw"

	xdraw "golang.org/x/image/draw"
)

// between is the gap of two pictures in one place, in pixels.
const between = 4

// Pair returns two pictures side by side, as large as a place of a sheet is wide, each
// filling its half: small ones as far as a whole factor brings them, so that their
// pixels can be seen.
func Pair(left, right image.Image) image.Image {
	const half = (maxSide - between) / 2
	canvas := image.NewNRGBA(image.Rect(0, 0, maxSide, half))
	draw.Draw(canvas, canvas.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	for i, img := range []image.Image{left, right} {
		p := enlarged(img, half)
		if p == nil {
			continue
		}
		at := image.Pt(i*(half+between)+(half-p.Bounds().Dx())/2, (half-p.Bounds().Dy())/2)
		draw.Draw(canvas, p.Bounds().Add(at), p, image.Point{}, draw.Over)
	}
	return canvas
}

// enlarged returns img with its longer side at most side: enlarged by a whole factor of two
// or more if it can be, else smoothly made as large as it may be. An image without
// pixels is nil.
func enlarged(img image.Image, side int) image.Image {
	if img == nil || img.Bounds().Empty() {
		return nil
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	longer := max(w, h)
	scaler, factor := xdraw.Scaler(xdraw.NearestNeighbor), side/longer
	if factor >= 2 {
		w, h = w*factor, h*factor
	} else {
		scaler, w, h = xdraw.CatmullRom, max(1, w*side/longer), max(1, h*side/longer)
	}
	scaled := image.NewNRGBA(image.Rect(0, 0, w, h))
	scaler.Scale(scaled, scaled.Rect, img, img.Bounds(), xdraw.Src, nil)
	return scaled
}
