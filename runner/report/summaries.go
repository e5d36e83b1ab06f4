package report

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"time"

	"github.com/tfpair/tfpair/internal/sheet"
	"github.com/tfpair/tfpair/runner/tensorboard"
)

const (
	mostGallery = 12 // queries of a gallery
	mostFound   = 5  // answers of a query
)

// summaries writes the examples of the page into a folder as pictures that TensorBoard shows: the hardest pairs of each kind, and what
// pictures find.
func (s *subject) summaries(folder string, now time.Time) error {
	var images []tensorboard.Image
	for _, of := range s.sheets() {
		var b bytes.Buffer
		drawn := sheet.Draw(of.rows)
		if err := png.Encode(&b, drawn); err != nil {
			return err
		}
		images = append(images, tensorboard.Image{Name: of.name, Width: drawn.Bounds().Dx(), Height: drawn.Bounds().Dy(), Encoded: b.Bytes()})
	}
	if len(images) == 0 {
		return nil
	}
	w, err := tensorboard.Create(folder, now, 0)
	if err != nil {
		return err
	}
	if err := w.Images(now, s.Step, images); err != nil {
		_ = w.Close() // the first error counts
		return err
	}
	return w.Close()
}

// exampleSheet is pictures in rows.
type exampleSheet struct {
	name string
	rows [][]sheet.Cell
}

// sheets returns the hardest pairs of each kind, and galleries: of queries whose nearest is wrong, and of all, evenly.
func (s *subject) sheets() (list []exampleSheet) {
	for _, g := range s.hard() {
		name, _, _ := strings.Cut(g.Title, ":")
		e := exampleSheet{name: "hardest/" + name}
		for _, p := range g.Pairs {
			e.rows = append(e.rows, []sheet.Cell{s.cell(p.Left, "", sheet.Plain), s.cell(p.Right, p.Word+", "+p.Text, sheet.Wrong)})
		}
		if len(e.rows) > 0 {
			list = append(list, e)
		}
	}
	var wrong []query
	for _, q := range s.queries {
		if len(q.answers) > 0 && !q.right[0] {
			wrong = append(wrong, q)
		}
	}
	for _, of := range []struct {
		name    string
		queries []query
	}{{"neighbours/the nearest is wrong", wrong}, {"neighbours/of all", s.queries}} {
		e := exampleSheet{name: of.name}
		n := min(mostGallery, len(of.queries))
		for i := range n {
			e.rows = append(e.rows, s.gallery(of.queries[i*len(of.queries)/n]))
		}
		if n > 0 {
			list = append(list, e)
		}
	}
	return list
}

// gallery returns a query and its answers.
func (s *subject) gallery(q query) []sheet.Cell {
	row := []sheet.Cell{s.cell(q.picture, "", sheet.Plain)}
	for i, answer := range q.answers[:min(mostFound, len(q.answers))] {
		frame := sheet.Wrong
		if q.right[i] {
			frame = sheet.Right
		}
		row = append(row, s.cell(answer, fmt.Sprintf("%.4g", q.distance[i]), frame))
	}
	return row
}

// cell returns a picture with what it is called and a word about it.
func (s *subject) cell(picture int32, word string, frame sheet.Frame) sheet.Cell {
	p := s.pictures[picture]
	c := sheet.Cell{Caption: strings.TrimSpace(p.called() + "\n" + word), Frame: frame}
	if img := p.open(); img != nil {
		c.Image = fitted(img, largeSide)
	} else {
		c.Image = image.NewGray(image.Rect(0, 0, largeSide, largeSide))
	}
	return c
}
