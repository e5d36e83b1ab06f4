package report

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"io/fs"
	"strings"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/pipeline/decode"
)

const (
	smallSide, largeSide = 56, 112           // of a tile, pixels
	tilesAcross          = 16                // and down, on a sheet
	mostPictures         = 3_800_000 / 4 * 3 // bytes of all sheets, which are a third larger in the page
)

// qualities are those of JPEG that are tried until the pictures fit.
var qualities = []int{72, 60, 45, 30, 18}

// Picture is where a picture lies.
type Picture struct {
	Root  fs.FS // nil: not at hand
	Path  string
	Class string // "" not known
}

// tiles are small pictures on sheets: one JPEG holds many, and so costs one header and not many.
type tiles struct {
	at     map[int32]tile // by picture
	sheets [][]byte       // JPEG
	side   []int          // of the tiles of each sheet
}

// tile is the place of a picture: small, and large where it was asked for.
type tile struct{ small, large place }

// place is a sheet and the number of a tile on it.
type place struct{ sheet, number int }

var nowhere = place{-1, 0}

// makeTiles draws the pictures that are shown, and those of large a second time, larger.
func makeTiles(ctx context.Context, pictures []Picture, shown []int32, large map[int32]bool) (*tiles, error) {
	small, big := make([]image.Image, len(shown)), make([]image.Image, len(shown))
	workers.Each(len(shown), func() func(int) {
		return func(i int) {
			if ctx.Err() != nil {
				return
			}
			img := pictures[shown[i]].open()
			if img == nil {
				return
			}
			if large[shown[i]] {
				big[i] = fitted(img, largeSide)
				img = big[i]
			}
			small[i] = fitted(img, smallSide)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &tiles{at: map[int32]tile{}}
	for _, picture := range shown {
		t.at[picture] = tile{nowhere, nowhere}
	}
	var drawn []*image.NRGBA
	draw := func(images []image.Image, side int, set func(*tile, place)) {
		n := 0
		for i, img := range images {
			if img == nil {
				continue
			}
			if n%(tilesAcross*tilesAcross) == 0 {
				drawn, t.side = append(drawn, image.NewNRGBA(image.Rect(0, 0, tilesAcross*side, tilesAcross*side))), append(t.side, side)
			}
			p := place{len(drawn) - 1, n % (tilesAcross * tilesAcross)}
			put(drawn[p.sheet], img, p.number, side)
			one := t.at[shown[i]]
			set(&one, p)
			t.at[shown[i]] = one
			n++
		}
	}
	draw(small, smallSide, func(t *tile, p place) { t.small = p })
	draw(big, largeSide, func(t *tile, p place) { t.large = p })
	return t, t.encode(drawn)
}

// encode makes JPEGs of the sheets, at the first quality at which they fit.
func (t *tiles) encode(drawn []*image.NRGBA) error {
	for _, quality := range qualities {
		t.sheets = make([][]byte, len(drawn))
		errs, total := make([]error, len(drawn)), 0
		workers.Each(len(drawn), func() func(int) {
			return func(i int) {
				var b bytes.Buffer
				errs[i] = jpeg.Encode(&b, drawn[i], &jpeg.Options{Quality: quality})
				t.sheets[i] = b.Bytes()
			}
		})
		for i, sheet := range t.sheets {
			if errs[i] != nil {
				return errs[i]
			}
			total += len(sheet)
		}
		if total <= mostPictures {
			return nil
		}
	}
	return nil
}

// open returns the picture, nil where it cannot be read.
func (p Picture) open() image.Image {
	if p.Root == nil {
		return nil
	}
	img, err := decode.Open(p.Root, p.Path, decode.DefaultLimits)
	if err != nil {
		return nil
	}
	return img
}

// fitted returns img in a square of a side, whole, on grey.
func fitted(img image.Image, side int) image.Image {
	square := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(square, square.Rect, image.NewUniform(color.Gray{128}), image.Point{}, draw.Src)
	b := img.Bounds()
	w, h := side, side
	if b.Dx() > b.Dy() {
		h = max(1, side*b.Dy()/b.Dx())
	} else {
		w = max(1, side*b.Dx()/b.Dy())
	}
	small := imaging.Resize(img, w, h, imaging.Box)
	draw.Draw(square, small.Rect.Add(image.Pt((side-w)/2, (side-h)/2)), small, image.Point{}, draw.Over)
	return square
}

// put draws a tile of a number on a sheet.
func put(sheet *image.NRGBA, img image.Image, number, side int) {
	putAt(sheet, img, image.Pt(number%tilesAcross*side, number/tilesAcross*side))
}

// putAt draws a picture below and to the right of a point.
func putAt(sheet *image.NRGBA, img image.Image, at image.Point) {
	draw.Draw(sheet, img.Bounds().Add(at), img, image.Point{}, draw.Src)
}

// css returns the rules that show the sheets.
func (t *tiles) css() template.CSS {
	var b strings.Builder
	for i, sheet := range t.sheets {
		fmt.Fprintf(&b, ".s%d{width:%dpx;height:%dpx;background-image:url(data:image/jpeg;base64,%s)}\n", i, t.side[i], t.side[i],
			base64.StdEncoding.EncodeToString(sheet))
	}
	return template.CSS(b.String()) //nolint:gosec // made here
}

// html returns a picture, large where it is there so, with its text for those who cannot see it.
func (t *tiles) html(picture int32, text string) template.HTML {
	of, drawn := t.at[picture]
	p := of.large
	if p.sheet < 0 {
		p = of.small
	}
	text = template.HTMLEscapeString(text)
	if !drawn || p.sheet < 0 {
		return template.HTML(`<span class="t none" role="img" aria-label="` + text + `, which cannot be shown"></span>`) //nolint:gosec // escaped
	}
	return template.HTML(fmt.Sprintf(`<span class="t s%d" role="img" aria-label="%s" style="background-position:-%dpx -%dpx"></span>`, p.sheet, text, //nolint:gosec // escaped
		p.number%tilesAcross*t.side[p.sheet], p.number/tilesAcross*t.side[p.sheet]))
}
