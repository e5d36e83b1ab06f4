package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/disintegration/imaging"
)

const (
	driftUnshifted = 2000 // requests with pictures like those of validation
	driftShifted   = 200  // of each shift
)

// drifting is what tfpair_drift says of groceries.
type drifting struct {
	Unshifted int               `json:"unshifted"`     // requests
	Passed    []string          `json:"passed"`        // features beyond their limit in any of them
	Highest   float64           `json:"highest_share"` // of any drift in its limit, in them
	After     map[string]int    `json:"after"`         // requests with shifted pictures until a feature is beyond its limit; 0: none was
	By        map[string]string `json:"by"`            // which
}

// shifts change a picture as another place would.
var shifts = map[string]func(image.Image) image.Image{
	"darker": func(img image.Image) image.Image { return imaging.AdjustFunc(img, scaled(0.6, 0.6, 0.6)) },
	"other camera": func(img image.Image) image.Image { // more pixels, a softer lens, warmer light
		b := img.Bounds()
		return imaging.AdjustFunc(imaging.Resize(img, 3*b.Dx()/2, 3*b.Dy()/2, imaging.Linear), scaled(1.1, 1, 0.85))
	},
}

// scaled returns what multiplies the channels.
func scaled(r, g, b float64) func(color.NRGBA) color.NRGBA {
	by := func(v uint8, factor float64) uint8 { return uint8(min(255, float64(v)*factor)) }
	return func(c color.NRGBA) color.NRGBA {
		return color.NRGBA{R: by(c.R, r), G: by(c.G, g), B: by(c.B, b), A: c.A}
	}
}

// drift serves a model of groceries, and sends photos of its training, as they are and changed.
func (b serveBench) drift(ctx context.Context) error {
	d, err := row(b.options, b.results, "drift", func() (drifting, error) {
		return withFolder(func(f string) (drifting, error) { return b.drifting(ctx, f) })
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.options.out, "drift: %d photos like those of validation pass the limits of %q, %.2f of a limit at most; shifted photos after %v requests, by %v\n",
		d.Unshifted, d.Passed, d.Highest, d.After, d.By)
	return nil
}

func (b serveBench) drifting(ctx context.Context, folder string) (d drifting, err error) {
	photos, _, err := groceryPhotos(b.options)
	if err != nil {
		return d, err
	}
	data, run, model := filepath.Join(folder, "train.zip"), filepath.Join(folder, "run"), filepath.Join(folder, "model")
	if err := byClass(data, b.options.grocery(), "image_label_train.csv"); err != nil {
		return d, err
	}
	for _, argv := range [][]string{
		append(trainArguments(b.options, data, run, "train.steps=10")[1:], "--preset", "siamese"),
		{"export", "--json", "--run", run, "--out", model}} {
		if _, err := complete(ctx, "tfpair "+argv[0], append([]string{b.options.tfpair}, argv...), &line{}); err != nil {
			return d, err
		}
	}
	s, err := startService(ctx, b.options.tfpair, model)
	if err != nil {
		return d, err
	}
	defer s.kill()
	r := rand.New(rand.NewPCG(18, 0))
	send := func(change func(image.Image) image.Image) (map[string]float64, error) {
		photo, err := os.ReadFile(filepath.Join(b.options.grocery(), photos[r.IntN(len(photos))]))
		if err == nil && change != nil {
			photo, err = changed(photo, change)
		}
		if err == nil {
			_, err = s.client(nil).Embed(ctx, photo)
		}
		if err != nil {
			return nil, err
		}
		return s.drifts(ctx)
	}
	unshifted := func(n int) error {
		for range n {
			drifts, err := send(nil)
			if err != nil {
				return err
			}
			d.Unshifted++
			for feature, share := range drifts {
				d.Highest = max(d.Highest, share)
				if share > 1 && !slices.Contains(d.Passed, feature) {
					d.Passed = append(d.Passed, feature)
				}
			}
		}
		return nil
	}
	if err := unshifted(driftUnshifted); err != nil {
		return d, err
	}
	d.After, d.By = map[string]int{}, map[string]string{}
	for name, change := range shifts {
		for i := 1; i <= driftShifted && d.After[name] == 0; i++ {
			drifts, err := send(change)
			if err != nil {
				return d, err
			}
			for feature, share := range drifts {
				if share > 1 {
					d.After[name], d.By[name] = i, feature
				}
			}
		}
		for range driftShifted { // the window is as before
			if _, err := send(nil); err != nil {
				return d, err
			}
		}
	}
	return d, s.stop()
}

// changed returns a JPEG with another picture of it.
func changed(file []byte, change func(image.Image) image.Image) ([]byte, error) {
	img, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = jpeg.Encode(&out, change(img), &jpeg.Options{Quality: 90})
	return out.Bytes(), err
}

// drifts returns the drift of each feature as a share of its limit.
func (s *served) drifts(ctx context.Context) (map[string]float64, error) {
	values, err := s.metrics(ctx)
	shares := map[string]float64{}
	for name, value := range values {
		if labels, ok := strings.CutPrefix(name, "tfpair_drift{"); ok {
			feature, _, _ := strings.Cut(strings.TrimPrefix(labels, `feature="`), `"`)
			shares[feature] = value / values["tfpair_drift_limit{"+labels]
		}
	}
	return shares, err
}
