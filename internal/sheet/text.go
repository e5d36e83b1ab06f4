package sheet

import (
	"image"
	"image/draw"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Size of the letters and height of a line of text, in pixels.
const (
	letters = 12
	line    = 16
)

// face is the font of captions: Go Regular, which has the letters of Latin, Greek and Cyrillic.
// A face is not safe for use by several goroutines, so each drawing locks it.
var face = sync.OnceValue(func() font.Face {
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic("sheet: the built-in font: " + err.Error())
	}
	f, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: letters, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic("sheet: the built-in font: " + err.Error())
	}
	return f
})

// faceMu protects the face.
var faceMu sync.Mutex

// write draws a line of text below and to the right of a point.
func write(canvas draw.Image, at image.Point, text string) {
	faceMu.Lock()
	defer faceMu.Unlock()
	d := font.Drawer{Dst: canvas, Src: image.NewUniform(ink), Face: face()}
	d.Dot = fixed.P(at.X, at.Y+d.Face.Metrics().Ascent.Ceil())
	d.DrawString(text)
}

// width returns the length of a text in pixels.
func width(text string) int {
	faceMu.Lock()
	defer faceMu.Unlock()
	return font.MeasureString(face(), text).Ceil()
}

// cut shortens a text that is wider than room: a path at its front, since its end tells files
// apart, another text at its end.
func cut(text string, room int) string {
	const dots = "…"
	rest := []rune(text)
	path := strings.Contains(text, "/")
	for width(text) > room && len(rest) > 0 {
		if path {
			rest = rest[1:]
			text = dots + string(rest)
		} else {
			rest = rest[:len(rest)-1]
			text = string(rest) + dots
		}
	}
	return text
}
