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

// hand is how a person draws: all drawings of the person have it.
type hand struct {
	slant, width, turn float64 // of a pen
	wobble, waves      float64 // how far a line strays in units of a figure, and how often in its length
}

// newHand draws how a person draws.
func newHand(r *rand.Rand) hand {
	return hand{slant: 1.2 * (r.Float64() - 0.5), width: 0.025 + 0.07*r.Float64(), turn: 0.5 * (r.Float64() - 0.5),
		wobble: 0.16 * r.Float64(), waves: 2 + 5*r.Float64()}
}

const drawingSize = 48 // pixels of a side

// drawing is a figure by the hand, in ink on paper.
func (h hand) drawing(r *rand.Rand, f figure) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, drawingSize, drawingSize))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	p := pen{img: img, size: drawingSize, ink: color.RGBA{20, 20, 30, 255},
		slant: h.slant + 0.08*r.NormFloat64(), width: h.width * (1 + 0.1*r.NormFloat64()),
		turn: h.turn + 0.06*r.NormFloat64(), scale: 0.26 + 0.05*r.Float64(),
		x: 0.5 + 0.1*(r.Float64()-0.5), y: 0.5 + 0.1*(r.Float64()-0.5)}
	for _, stroke := range f.strokes {
		p.draw(h.stray(r, stroke))
	}
	return img
}

// stray returns a line as the hand draws it, in small steps.
func (h hand) stray(r *rand.Rand, line []point) []point {
	phase := 2 * math.Pi * r.Float64()
	var drawn []point
	way := 0.0
	for i := 1; i < len(line); i++ {
		from, to := line[i-1], line[i]
		length := math.Hypot(to.x-from.x, to.y-from.y)
		steps := int(math.Ceil(length / 0.1))
		for k := range steps + 1 {
			share := float64(k) / float64(max(steps, 1))
			away := h.wobble * math.Sin(phase+h.waves*(way+share*length))
			drawn = append(drawn, point{from.x + share*(to.x-from.x) - away*(to.y-from.y)/length,
				from.y + share*(to.y-from.y) + away*(to.x-from.x)/length})
		}
		way += length
	}
	return drawn
}

// drawings draws figures by forty people, and a list of pairs: by one person or by two. No
// person is in two splits.
func drawings() (map[string][]byte, error) {
	const people, each = 40, 20
	files := map[string][]byte{}
	for person := range people {
		h := newHand(source(3, person, each))
		for i := range each {
			r := source(3, person, i)
			data, err := asPNG(h.drawing(r, figures[i%len(figures)]))
			if err != nil {
				return nil, err
			}
			files[drawn(person, i)] = data
		}
	}
	var list strings.Builder
	list.WriteString("left,right,same,split\n")
	r := source(3, people, 0)
	from := 0
	for _, part := range []struct {
		split         string
		people, pairs int
	}{{"train", 28, 1400}, {"val", 4, 200}, {"test", 8, 400}} {
		for i := range part.pairs {
			left := from + r.IntN(part.people)
			right, same := left, 1-i%2
			if same == 0 {
				right = from + (left-from+1+r.IntN(part.people-1))%part.people
			}
			a := r.IntN(each)
			b := (a + 1 + r.IntN(each-1)) % each
			fmt.Fprintf(&list, "%s,%s,%d,%s\n", drawn(left, a), drawn(right, b), same, part.split)
		}
		from += part.people
	}
	files["pairs.csv"] = []byte(list.String())
	return files, nil
}

// drawn is the path of a drawing.
func drawn(person, i int) string { return fmt.Sprintf("drawings/person%02d/%02d.png", person+1, i) }
