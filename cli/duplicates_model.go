package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/inference"
)

const (
	modelPictures = 20_000 // that are compared one with another
	modelSample   = 60     // pictures that are altered, to learn how near altered ones are
	modelFinds    = 0.95   // share of the altered ones that are near enough
)

// resembling is what a model tells of pictures.
type resembling struct {
	Threshold float64 `json:"threshold"` // distance up to which two pictures are taken for one
	Altered   int     `json:"altered"`   // pictures that were made to choose it
	Pairs     int     `json:"pairs"`     // of pictures that are as near
}

// modelled is pictures as a model sees them.
type modelled struct {
	model      *inference.Model
	embeddings [][]float32 // nil where a picture cannot be read
	reading    readingOptions
}

// resemble returns the pairs of pictures that the model takes for one.
func (o duplicatesOptions) resemble(ctx context.Context, out output, g *gathered) (pairs []copies.Pair, r *resembling, err error) {
	if n := len(g.prints); n > modelPictures {
		return nil, nil, usagef("--model compares at most %s, got %s; look at a part of them", count(modelPictures, "picture"), commas(n))
	}
	model, err := o.model.open(o.machine)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	m := modelled{model: model, reading: readingOptions{workers: o.workers}}
	for _, data := range g.data {
		at := len(m.embeddings)
		more, err := embedReadable(ctx, out, model, data, g.prints[at:at+len(data.Images)], m.reading)
		if err != nil {
			return nil, nil, err
		}
		m.embeddings = append(m.embeddings, more...)
	}
	return m.pairs(ctx, out, g.prints, func(i int) (*image.NRGBA, error) { return decode.Open(g.roots[i], g.inside[i], decode.DefaultLimits) })
}

// pairs returns the pairs of pictures that are as near as 95 % of altered copies of some of them (cropped, framed,
// written on, brighter, coded badly) are to their originals, and each of which is the nearest of the other, or whose
// prints look the same, too.
func (m modelled) pairs(ctx context.Context, out output, prints []copies.Print, open func(i int) (*image.NRGBA, error)) ([]copies.Pair, *resembling, error) {
	r := &resembling{}
	apart, err := m.altered(ctx, out, open)
	if err != nil {
		return nil, nil, err
	}
	if r.Altered = len(apart); r.Altered == 0 {
		return nil, r, nil
	}
	slices.Sort(apart)
	threshold := apart[min(int(modelFinds*float64(len(apart))), len(apart)-1)]
	r.Threshold = float64(threshold)
	pairs := mutual(m.embeddings, m.model.Distance().Between, threshold)
	r.Pairs = len(pairs)
	return append(pairs, agreed(prints, m.embeddings, m.model.Distance().Between, threshold)...), r, nil
}

// agreed returns the pairs within a distance that look the same by their prints, too.
func agreed(prints []copies.Print, embeddings [][]float32, between func(a, b []float32) float32, within float32) (pairs []copies.Pair) {
	for _, g := range copies.Find(prints, copies.Alike) {
		for _, c := range g[1:] {
			a, b := embeddings[c.Print], embeddings[c.Of]
			if c.Kind == copies.Edited && a != nil && b != nil && between(a, b) <= within {
				pairs = append(pairs, copies.Pair{A: c.Print, B: c.Of})
			}
		}
	}
	return pairs
}

// mutual returns the pairs within a distance of which each is the nearest of the other: chains of things
// that are only of one kind would join half of a shop.
func mutual(embeddings [][]float32, between func(a, b []float32) float32, within float32) (pairs []copies.Pair) {
	nearest := make([]int, len(embeddings))
	workers.Each(len(embeddings), func() func(int) {
		return func(i int) {
			nearest[i] = -1
			least := within
			for j := range embeddings {
				if i == j || embeddings[i] == nil || embeddings[j] == nil {
					continue
				}
				if d := between(embeddings[i], embeddings[j]); d < least || d == least && nearest[i] < 0 {
					nearest[i], least = j, d
				}
			}
		}
	})
	for i, j := range nearest {
		if j > i && nearest[j] == i {
			pairs = append(pairs, copies.Pair{A: i, B: j})
		}
	}
	return pairs
}

// altered makes altered copies of some of the pictures, and returns how far they are from their originals.
func (m modelled) altered(ctx context.Context, out output, open func(i int) (*image.NRGBA, error)) ([]float32, error) {
	temporary, err := aside.CreateFolder(os.TempDir(), "tfpair-altered-")
	if err != nil {
		return nil, err
	}
	defer temporary.Cleanup() //nolint:errcheck // what cannot be removed the next one sweeps
	folder := temporary.Path()
	if err := os.Chmod(folder, 0o700); err != nil { // pictures are nobody else's business
		return nil, err
	}
	var original []int // of each copy
	taken, of := 0, m.embeddings
	for i := 0; i < len(of) && taken < modelSample; i += max(1, len(of)/modelSample) {
		if of[i] == nil {
			continue
		}
		img, err := open(i)
		if err != nil {
			return nil, err
		}
		taken++
		for k, copied := range alterations(img) {
			var file bytes.Buffer
			if err := png.Encode(&file, copied); err != nil {
				return nil, err
			}
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%06d-%d.png", len(original), k)), file.Bytes(), 0o600); err != nil {
				return nil, err
			}
			original = append(original, i)
		}
	}
	if len(original) == 0 {
		return nil, nil
	}
	data, err := layoutOptions{}.openImages(folder)
	if err != nil {
		return nil, err
	}
	defer data.Close() // read only
	embeddings, err := embedReadable(ctx, out, m.model, data, make([]copies.Print, len(data.Images)), m.reading)
	if err != nil {
		return nil, err
	}
	apart := make([]float32, len(original))
	for i, e := range embeddings {
		apart[i] = m.model.Distance().Between(of[original[i]], e)
	}
	return apart, nil
}

// alterations returns a picture cropped, framed, written on, brighter and badly coded.
func alterations(img *image.NRGBA) []image.Image {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	written := imaging.Clone(img)
	draw.Draw(written, image.Rect(0, h-h/8, w, h), image.NewUniform(color.NRGBA{20, 20, 20, 255}), image.Point{}, draw.Src)
	all := []image.Image{
		imaging.Crop(img, image.Rect(w/10, h/10, w, h)),
		imaging.PasteCenter(imaging.New(w+w/6, h+h/6, color.White), img),
		written,
		imaging.AdjustBrightness(img, 15),
	}
	var coded bytes.Buffer
	const quality = 30
	if err := jpeg.Encode(&coded, img, &jpeg.Options{Quality: quality}); err == nil {
		if again, err := jpeg.Decode(&coded); err == nil {
			all = append(all, again)
		}
	}
	return all
}
