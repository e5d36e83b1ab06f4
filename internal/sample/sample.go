// Package sample draws labelled pictures, so that the demo and tests have
// something to learn without any file from elsewhere:
//
//	seed → figure, place, size, turn, stroke, colours, noise → PNG, one folder per class
//
// Pictures of one class share a figure and nothing else, so that comparing pixels
// fails and a small convolutional network learns them in a minute.
package sample

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"golang.org/x/image/vector"

	"github.com/tfpair/tfpair/internal/aside"
)

// Options say how many pictures are drawn. The zero value of a field takes its default.
type Options struct {
	Seed    uint64
	Classes int // figures, 2 to 10; default 10
	Train   int // pictures per class in train; default 60
	Test    int // pictures per class in test; default 20
	Size    int // side in pixels; default 64
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.Classes, len(figures)}, {&o.Train, 60}, {&o.Test, 20}, {&o.Size, 64}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return o
}

// Files returns the pictures by path, "train/arrow/000.png". Equal options give
// equal pictures.
func Files(o Options) (map[string][]byte, error) {
	o = o.withDefaults()
	if o.Classes < 2 || o.Classes > len(figures) {
		return nil, fmt.Errorf("sample: classes must be 2 to %d, got %d", len(figures), o.Classes)
	}
	files := map[string][]byte{}
	for class, f := range figures[:o.Classes] {
		for i := range o.Train + o.Test {
			path := fmt.Sprintf("train/%s/%03d.png", f.name, i)
			if i >= o.Train {
				path = fmt.Sprintf("test/%s/%03d.png", f.name, i-o.Train)
			}
			r := rand.New(rand.NewPCG(o.Seed, uint64(class)<<32|uint64(i)))
			var b bytes.Buffer
			if err := png.Encode(&b, paint(r, f, o.Size)); err != nil {
				return nil, fmt.Errorf("sample: encode %s: %w", path, err)
			}
			files[path] = b.Bytes()
		}
	}
	return files, nil
}

// Write writes the pictures of Files into the folder dir, which must not exist:
// all of them or none.
func Write(dir string, o Options) error {
	files, err := Files(o)
	if err != nil {
		return err
	}
	return WriteFiles(dir, files)
}

// WriteFiles writes files, by their paths with slashes, into the folder dir, which must not
// exist: all of them or none.
func WriteFiles(dir string, files map[string][]byte) (err error) {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sample: %q exists", dir)
	}
	if err := aside.MkdirAll(filepath.Dir(dir)); err != nil {
		return err
	}
	folder, err := aside.CreateFolder(filepath.Dir(dir), ".tmp-sample-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Cleanup()) }()
	for path, data := range files {
		file := filepath.Join(folder.Path(), filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	return folder.Publish(dir)
}

// paint draws f once: background, figure, specks.
func paint(r *rand.Rand, f figure, size int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	dark, light := shade(r, 20, 110), shade(r, 150, 240)
	ground, ink := light, dark
	if r.IntN(2) == 0 {
		ground, ink = dark, light
	}
	slope(r, img, ground)
	p := pen{img: img, size: float64(size), ink: ink,
		scale: 0.26 + 0.09*r.Float64(), turn: (r.Float64() - 0.5) * math.Pi / 4,
		x: 0.5 + 0.18*(r.Float64()-0.5), y: 0.5 + 0.18*(r.Float64()-0.5),
		width: 0.05 + 0.04*r.Float64()}
	for _, stroke := range f.strokes {
		p.draw(stroke)
	}
	for range 3 { // specks: marks that mean nothing
		p.dot(r.Float64(), r.Float64(), 0.015+0.02*r.Float64())
	}
	grain(r, img, 10)
	return img
}

// slope fills a picture with a colour that grows lighter to one side.
func slope(r *rand.Rand, img *image.RGBA, ground color.RGBA) {
	slopeX, slopeY := 30*(r.Float64()-0.5), 30*(r.Float64()-0.5)
	size := img.Rect.Dx()
	for y := range size {
		for x := range size {
			at := slopeX*(float64(x)/float64(size)-0.5) + slopeY*(float64(y)/float64(size)-0.5)
			img.SetRGBA(x, y, shift(ground, at))
		}
	}
}

// grain adds noise of a standard deviation in levels.
func grain(r *rand.Rand, img *image.RGBA, deviation float64) {
	for i := range img.Pix {
		if i%4 != 3 {
			img.Pix[i] = clamp(float64(img.Pix[i]) + deviation*r.NormFloat64())
		}
	}
}

func shade(r *rand.Rand, low, high int) color.RGBA {
	c := func() uint8 { return uint8(low + r.IntN(high-low)) }
	return color.RGBA{c(), c(), c(), 255}
}

func shift(c color.RGBA, by float64) color.RGBA {
	return color.RGBA{clamp(float64(c.R) + by), clamp(float64(c.G) + by), clamp(float64(c.B) + by), 255}
}

func clamp(x float64) uint8 { return uint8(min(max(x, 0), 255)) }

// pen draws strokes given in [-1,1] at its place, scale and turn.
type pen struct {
	img                      *image.RGBA
	ink                      color.RGBA
	size                     float64 // of the picture, pixels
	scale, turn, x, y, width float64 // in shares of the picture's side; turn in radians
	slant                    float64 // how far the top of a figure leans to the right, in shares of its height
}

// place returns where a point of a figure lies in the picture, in pixels.
func (p pen) place(q point) (x, y float64) {
	sin, cos := math.Sincos(p.turn)
	q.x -= p.slant * q.y
	return (p.x + p.scale*(q.x*cos-q.y*sin)) * p.size, (p.y + p.scale*(q.x*sin+q.y*cos)) * p.size
}

// draw draws a polyline of the pen's width with round joints.
func (p pen) draw(line []point) {
	half := p.width * p.size / 2
	for i, q := range line {
		x, y := p.place(q)
		p.dot(x/p.size, y/p.size, p.width/2)
		if i == 0 {
			continue
		}
		fromX, fromY := p.place(line[i-1])
		length := math.Hypot(x-fromX, y-fromY)
		if length == 0 {
			continue
		}
		nx, ny := -(y-fromY)/length*half, (x-fromX)/length*half
		p.fill([]float64{fromX + nx, fromY + ny, x + nx, y + ny, x - nx, y - ny, fromX - nx, fromY - ny})
	}
}

// dot fills a disc; centre and radius in shares of the picture's side.
func (p pen) dot(x, y, radius float64) {
	var outline []float64
	for i := range 12 {
		sin, cos := math.Sincos(float64(i) * math.Pi / 6)
		outline = append(outline, (x+radius*cos)*p.size, (y+radius*sin)*p.size)
	}
	p.fill(outline)
}

// fill fills a polygon of x, y, x, y, … in pixels.
func (p pen) fill(outline []float64) {
	z := vector.NewRasterizer(int(p.size), int(p.size))
	z.DrawOp = draw.Over
	z.MoveTo(float32(outline[0]), float32(outline[1]))
	for i := 2; i < len(outline); i += 2 {
		z.LineTo(float32(outline[i]), float32(outline[i+1]))
	}
	z.ClosePath()
	z.Draw(p.img, p.img.Bounds(), image.NewUniform(p.ink), image.Point{})
}
