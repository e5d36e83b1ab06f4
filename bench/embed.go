package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// embedRounds is how often all of embed's sides are measured, one after another.
const embedRounds = 7

// embedding is images per second on the grocery test photos, per round.
type embedding struct {
	Images  int       `json:"images"`
	Decode  []float64 `json:"decode"`  // alone, on all cores
	Network []float64 `json:"network"` // alone, on all cores
	Embed   []float64 `json:"embed"`   // tfpair embed, which does both at the same time
}

// embed measures tfpair embed with the tower of program 1 against its parts.
func embed(ctx context.Context, o options) error {
	r, err := openResults(o, "embed")
	if err != nil {
		return err
	}
	e, err := row(o, r, "embed", func() (embedding, error) { return embedRoundsOf(ctx, o) })
	if err != nil {
		return err
	}
	slower, bound := e.ratios()
	fmt.Fprintf(o.out, "%d images: decode %.0f, network %.0f, embed %.0f images/s\n", e.Images,
		spread(e.Decode).Median, spread(e.Network).Median, spread(e.Embed).Median)
	fmt.Fprintf(o.out, "embed is %.2f of the slower part alone (%.2f to %.2f in %d rounds), "+
		"%.2f of both on the same cores (%.2f to %.2f)\n",
		slower.Median, slower.Low, slower.High, len(e.Embed), bound.Median, bound.Low, bound.High)
	return nil
}

// ratios compares embed, round by round, with its slower part alone and with what is left
// for both parts where they share the cores: 1 / (1/decode + 1/network).
func (e embedding) ratios() (slower, bound quantiles) {
	var ofSlower, ofBound []float64
	for i, speed := range e.Embed {
		ofSlower = append(ofSlower, speed/min(e.Decode[i], e.Network[i]))
		ofBound = append(ofBound, speed*(1/e.Decode[i]+1/e.Network[i]))
	}
	return spread(ofSlower), spread(ofBound)
}

func embedRoundsOf(ctx context.Context, o options) (e embedding, err error) {
	folder, err := os.MkdirTemp("", "tfpair-embed-")
	if err != nil {
		return e, err
	}
	defer os.RemoveAll(folder)
	model, err := export(ctx, o, folder)
	if err != nil {
		return e, err
	}
	photos := filepath.Join(o.grocery(), "test")
	for i := range embedRounds {
		var p struct{ Decode, Network float64 }
		if _, err := complete(ctx, "embedder", []string{o.embedder, "parts", model, photos}, &p); err != nil {
			return e, err
		}
		var whole struct {
			Images  int
			Seconds float64
		}
		out := filepath.Join(folder, fmt.Sprintf("%d.npy", i))
		if _, err := complete(ctx, "tfpair embed", []string{o.tfpair, "embed", "--json", "--model", model,
			"--data", photos, "--out", out}, &whole); err != nil {
			return e, err
		}
		e.Images = whole.Images
		e.Decode, e.Network = append(e.Decode, p.Decode), append(e.Network, p.Network)
		e.Embed = append(e.Embed, float64(whole.Images)/whole.Seconds)
	}
	return e, nil
}
