package sheet

import (
	"image"
	"image/color"
	"image/draw"
)

// Frame says what is known of an answer that an image shows. It means the same on every
// sheet, and is told by its line as well as by its colour.
type Frame int

// The frames.
const (
	Plain   Frame = iota // nothing is said: a hairline, so that white pictures have an edge
	Right                // a right answer: blue, a whole line
	Wrong                // a wrong answer: vermilion, a broken line
	Refused              // farther than the threshold, so none of these: grey, a dotted line
)

// pen is how a frame is drawn.
type pen struct {
	colour color.Color
	width  int    // pixels
	dash   int    // length of a dash, pixels; 0: the line is whole
	space  int    // between dashes
	means  string // in the key below a sheet; "" is not in it
}

// pens has a row for each frame. Blue and vermilion are of Okabe and Ito's palette, which
// those who see red and green alike can tell apart.
var pens = [...]pen{
	Plain:   {colour: color.Gray{200}, width: 1},
	Right:   {colour: color.NRGBA{0, 114, 178, 255}, width: 3, means: "right answer"},
	Wrong:   {colour: color.NRGBA{213, 94, 0, 255}, width: 3, dash: 9, space: 4, means: "wrong answer"},
	Refused: {colour: color.Gray{70}, width: 3, dash: 3, space: 3, means: "none of these"},
}

// draw draws the frame around r, and paper inside it.
func (f Frame) draw(canvas draw.Image, r image.Rectangle) {
	p := pens[f]
	outer := r.Inset(-p.width)
	fill(canvas, outer, p.colour)
	if p.dash > 0 {
		every := p.dash + p.space
		for x := outer.Min.X + p.dash; x < outer.Max.X; x += every {
			fill(canvas, image.Rect(x, outer.Min.Y, min(x+p.space, outer.Max.X), outer.Max.Y), paper)
		}
		for y := outer.Min.Y + p.dash; y < outer.Max.Y; y += every {
			fill(canvas, image.Rect(outer.Min.X, y, outer.Max.X, min(y+p.space, outer.Max.Y)), paper)
		}
	}
	fill(canvas, r, paper)
}

func fill(canvas draw.Image, r image.Rectangle, c color.Color) {
	draw.Draw(canvas, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// key is the line below a sheet that says what its frames mean.
type key []Frame

// legend returns the key of the frames that are on a sheet, in their order.
func legend(rows [][]Cell) key {
	var seen [len(pens)]bool
	for _, row := range rows {
		for _, c := range row {
			seen[c.Frame] = seen[c.Frame] || c.Image != nil
		}
	}
	var k key
	for f, yes := range seen {
		if yes && pens[f].means != "" {
			k = append(k, Frame(f))
		}
	}
	return k
}

// swatch is the width of a sample of a frame, in pixels.
const swatch = 28

func (k key) height() int {
	if len(k) == 0 {
		return 0
	}
	return gap + line
}

func (k key) width() int {
	total := 0
	for _, f := range k {
		total += swatch + above + width(pens[f].means) + 2*gap
	}
	return total
}

// draw draws the key below and to the right of a point.
func (k key) draw(canvas draw.Image, at image.Point) {
	for _, f := range k {
		w := pens[f].width
		f.draw(canvas, image.Rect(at.X, at.Y, at.X+swatch, at.Y+line).Inset(w))
		write(canvas, at.Add(image.Pt(swatch+above, 0)), pens[f].means)
		at.X += swatch + above + width(pens[f].means) + 2*gap
	}
}
