package sample

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"

	"golang.org/x/image/draw"
)

// product is a box of one colour with a figure on it. Neither tells it alone.
type product struct {
	figure figure
	colour string
	box    color.RGBA
}

// boxColours are the colours of boxes.
var boxColours = []struct {
	name string
	rgba color.RGBA
}{{"red", color.RGBA{180, 45, 45, 255}}, {"blue", color.RGBA{40, 70, 170, 255}}}

func (p product) name() string { return p.figure.name + "-" + p.colour }

// shelf returns the first n products.
func shelf(n int) []product {
	var all []product
	for i := range n {
		c := boxColours[i%len(boxColours)]
		all = append(all, product{figures[i/len(boxColours)], c.name, c.rgba})
	}
	return all
}

const productSize = 96 // pixels of a side

// picture is the product on white, as a shop shows it.
func (p product) picture() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, productSize, productSize))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	p.draw(pen{img: img, size: productSize, scale: 0.3, x: 0.5, y: 0.5, width: 0.05}, 1)
	return img
}

// photo is the product as a customer photographs it: somewhere, turned, in some light.
func (p product) photo(r *rand.Rand) *image.RGBA {
	img := blotches(r, productSize, 5)
	p.draw(pen{img: img, size: productSize, scale: 0.2 + 0.1*r.Float64(), turn: (r.Float64() - 0.5) * math.Pi / 5,
		x: 0.5 + 0.15*(r.Float64()-0.5), y: 0.5 + 0.15*(r.Float64()-0.5), width: 0.045}, 0.6+0.5*r.Float64())
	grain(r, img, 8)
	return img
}

// draw draws the box and its figure in a light of 1 or less or more.
func (p product) draw(at pen, light float64) {
	at.ink = lit(p.box, light)
	var outline []float64
	for _, corner := range []point{{-1.4, -1.4}, {1.4, -1.4}, {1.4, 1.4}, {-1.4, 1.4}} {
		x, y := at.place(corner)
		outline = append(outline, x, y)
	}
	at.fill(outline)
	at.ink = lit(color.RGBA{235, 225, 190, 255}, light)
	for _, stroke := range p.figure.strokes {
		at.draw(stroke)
	}
}

func lit(c color.RGBA, light float64) color.RGBA {
	at := func(level uint8) uint8 { return clamp(light * float64(level)) }
	return color.RGBA{at(c.R), at(c.G), at(c.B), 255}
}

// blotches are soft colours without meaning, of cells × cells.
func blotches(r *rand.Rand, size, cells int) *image.RGBA {
	small := image.NewRGBA(image.Rect(0, 0, cells, cells))
	for y := range cells {
		for x := range cells {
			small.SetRGBA(x, y, shade(r, 30, 220))
		}
	}
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.CatmullRom.Scale(img, img.Rect, small, small.Rect, draw.Src, nil)
	return img
}

// products draws twenty products, photos of each, and the list that says which is which.
func products() (map[string][]byte, error) {
	files := map[string][]byte{}
	var list strings.Builder
	list.WriteString("image,label_image,class,split\n")
	for class, p := range shelf(20) {
		shown := "shop/" + p.name() + ".png"
		var err error
		if files[shown], err = asPNG(p.picture()); err != nil {
			return nil, err
		}
		for i := range 26 {
			split := "train"
			switch {
			case i >= 20:
				split = "test"
			case i >= 16:
				split = "val"
			}
			path := fmt.Sprintf("photos/%s-%02d.jpg", p.name(), i)
			if files[path], err = asJPEG(p.photo(source(1, class, i)), 85); err != nil {
				return nil, err
			}
			fmt.Fprintf(&list, "%s,%s,%s,%s\n", path, shown, p.name(), split)
		}
	}
	files["photos.csv"] = []byte(list.String())
	return files, nil
}

// fewPhotos draws five photos of each of ten products in a folder each, twenty of each in
// another one, and new photos to measure with.
func fewPhotos() (map[string][]byte, error) {
	files := map[string][]byte{}
	for class, p := range shelf(10) {
		for i := range 40 {
			var err error
			photo, err := asJPEG(p.photo(source(2, class, i)), 85)
			if err != nil {
				return nil, err
			}
			name := fmt.Sprintf("%s/%02d.jpg", p.name(), i)
			switch {
			case i < 5:
				files["few/"+name], files["more/"+name] = photo, photo
			case i < 20:
				files["more/"+name] = photo
			default:
				files["new/"+name] = photo
			}
		}
	}
	return files, nil
}
