// Package sheet draws contact sheets: pictures in rows, each with a caption and a
// frame, for people to look at.
//
//	rows of Cell{Image, Caption, Frame} → Draw → image → Write → PNG file, whole or not at all
//
// It knows nothing of what the pictures mean.
package sheet

import (
	"image"
	"image/color"
	"image/draw"
	"strings"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Cell is one place of a sheet.
type Cell struct {
	Image   image.Image // nil: the place holds its caption only
	Caption string      // under the image, ASCII; "\n" begins a line, long lines are cut in the middle
	Wide    bool        // the caption may run over the places to its right, where they are empty
	Frame   color.Color // around the image; nil: a hairline, so that white pictures have an edge
}

// Colours for frames, told apart also by those who see red and green alike.
var (
	Right = color.NRGBA{0, 114, 178, 255} // blue of Okabe and Ito's palette
	Wrong = color.NRGBA{213, 94, 0, 255}  // vermilion of the same
)

// Lengths in pixels.
const (
	minSide = 96  // of a place; smaller images are enlarged by a whole factor up to it
	maxSide = 192 // of a place; larger images are made smaller
	margin  = 12  // around the sheet
	gap     = 10  // between places; frames are drawn in it
	frame   = 3   // width of a coloured frame
	above   = 5   // between an image, its frame and the caption
	glyph   = 7   // width of a letter of basicfont.Face7x13
	line    = 14  // height of a line of text
)

var (
	paper    = color.White
	ink      = color.Gray{40}
	hairline = color.Gray{200}
)

// Draw returns the sheet of rows, first row on top, first cell left. All places are
// equally wide; a row is as high as it needs. Small images are enlarged by a whole
// factor so that their pixels can be seen. No cells give a blank sheet.
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
	height := 2*margin - gap
	heights := make([]int, len(rows))
	for i, row := range rows {
		heights[i] = pictureHeight(pictures[i])
		height += heights[i] + captionHeight(row) + gap
	}
	width := 2*margin + columns*(side+gap) - gap
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
		colour, width := color.Color(hairline), 1
		if c.Frame != nil {
			colour, width = c.Frame, frame
		}
		draw.Draw(canvas, at.Inset(-width), image.NewUniform(colour), image.Point{}, draw.Src)
		draw.Draw(canvas, at, image.NewUniform(paper), image.Point{}, draw.Src)
		draw.Draw(canvas, at, picture, picture.Bounds().Min, draw.Over)
	}
	if c.Caption == "" {
		return
	}
	d := font.Drawer{Dst: canvas, Src: image.NewUniform(ink), Face: basicfont.Face7x13}
	for i, text := range strings.Split(c.Caption, "\n") {
		room := place.Dx()
		if c.Wide {
			room = canvas.Bounds().Dx() - margin - place.Min.X
		}
		text = shorten(text, room/glyph)
		d.Dot = fixed.P(place.Min.X, place.Max.Y+above+i*line+basicfont.Face7x13.Ascent)
		d.DrawString(text)
	}
}

// shorten cuts out of the middle what is more than n letters.
func shorten(text string, n int) string {
	letters := []rune(text)
	if len(letters) <= n {
		return text
	}
	const dots = ".."
	head := (n - len(dots)) / 2
	tail := n - len(dots) - head
	return string(letters[:head]) + dots + string(letters[len(letters)-tail:])
}
