// Package sheet draws contact sheets: pictures in rows, each with a caption and a
// frame, for people to look at.
//
//	rows of Cell{Image, Caption, Frame} → Draw → image → Write → PNG file, whole or not at all
//
// It knows nothing of what the pictures show, only whether they are right answers.
package sheet

import (
	"image"
	"image/color"
	"image/draw"
	"strings"

	xdraw "golang.org/x/image/draw"
)

// Cell is one place of a sheet.
type Cell struct {
	Image   image.Image // nil: the place holds its caption only
	Caption string      // under the image; "\n" begins a line; see cut for long lines
	Wide    bool        // the caption may run over the places to its right, where they are empty
	Frame   Frame       // around the image
}

// Lengths in pixels.
const (
	minSide = 96  // of a place; smaller images are enlarged by a whole factor up to it
	maxSide = 192 // of a place; larger images are made smaller
	margin  = 12  // around the sheet
	gap     = 10  // between places; frames are drawn in it
	above   = 5   // between an image, its frame and the caption
)

var (
	paper = color.White
	ink   = color.Gray{40}
)

// Draw returns the sheet of rows, first row on top, first cell left. All places are
// equally wide; a row is as high as it needs. Small images are enlarged by a whole
// factor so that their pixels can be seen. Below them the sheet says what the frames on it
// mean. No cells give a blank sheet.
func Draw(rows [][]Cell) image.Image {
	pictures, side, columns := make([][]image.Image, len(rows)), minSide, 0
	for i, row := range rows {
		columns = max(columns, len(row))
		for _, c := range row {
			p := fit(c.Image)
			pictures[i] = append(pictures[i], p)
			if p != nil {
				side = max(side, p.Bounds().Dx(), p.Bounds().Dy())
			}
		}
	}
	key := legend(rows)
	height := 2*margin - gap + key.height()
	heights := make([]int, len(rows))
	for i, row := range rows {
		heights[i] = pictureHeight(pictures[i])
		height += heights[i] + captionHeight(row) + gap
	}
	width := 2*margin + max(columns*(side+gap)-gap, key.width())
	canvas := image.NewNRGBA(image.Rect(0, 0, max(width, 2*margin), max(height, 2*margin)))
	draw.Draw(canvas, canvas.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	y := margin
	for i, row := range rows {
		for k, c := range row {
			place := image.Rect(0, 0, side, heights[i]).Add(image.Pt(margin+k*(side+gap), y))
			drawCell(canvas, place, c, pictures[i][k])
		}
		y += heights[i] + captionHeight(row) + gap
	}
	key.draw(canvas, image.Pt(margin, y))
	return canvas
}

// pictureHeight returns the height of the highest picture.
func pictureHeight(pictures []image.Image) int {
	height := 0
	for _, p := range pictures {
		if p != nil {
			height = max(height, p.Bounds().Dy())
		}
	}
	return height
}

// captionHeight returns the height of the longest caption, of empty ones 0.
func captionHeight(row []Cell) int {
	lines := 0
	for _, c := range row {
		if c.Caption != "" {
			lines = max(lines, 1+strings.Count(c.Caption, "\n"))
		}
	}
	if lines == 0 {
		return 0
	}
	return above + lines*line
}

// fit returns img in the size that the sheet shows it: enlarged by a whole factor or
// made smaller to maxSide. An image without pixels is nil.
func fit(img image.Image) image.Image {
	if img == nil || img.Bounds().Empty() {
		return nil
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	longer := max(w, h)
	var scaler xdraw.Scaler = xdraw.NearestNeighbor
	switch {
	case longer > maxSide:
		scaler = xdraw.CatmullRom
		w, h = max(1, w*maxSide/longer), max(1, h*maxSide/longer)
	case longer < minSide:
		factor := (minSide + longer - 1) / longer
		w, h = w*factor, h*factor
	}
	scaled := image.NewNRGBA(image.Rect(0, 0, w, h))
	scaler.Scale(scaled, scaled.Rect, img, img.Bounds(), xdraw.Src, nil)
	return scaled
}

// drawCell draws a picture centred in its place, its frame around it and its caption below.
func drawCell(canvas draw.Image, place image.Rectangle, c Cell, picture image.Image) {
	if picture != nil {
		at := picture.Bounds().Sub(picture.Bounds().Min).Add(place.Min).Add(image.Pt(
			(place.Dx()-picture.Bounds().Dx())/2, (place.Dy()-picture.Bounds().Dy())/2))
		c.Frame.draw(canvas, at)
		draw.Draw(canvas, at, picture, picture.Bounds().Min, draw.Over)
	}
	if c.Caption == "" {
		return
	}
	room := place.Dx()
	if c.Wide {
		room = canvas.Bounds().Dx() - margin - place.Min.X
	}
	for i, text := range strings.Split(c.Caption, "\n") {
		write(canvas, image.Pt(place.Min.X, place.Max.Y+above+i*line), cut(text, room))
	}
}
