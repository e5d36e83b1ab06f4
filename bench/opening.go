package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/browser"
)

// openings is how many browsers open a page, one after another.
const openings = 5

// pageOpened is a page, and how a browser opens it.
type pageOpened struct {
	Photos   int               `json:"photos"`
	Bytes    int64             `json:"bytes"`
	Recall1  measured          `json:"recall@1"` // of the network that it is about
	Openings []browser.Opening `json:"openings"`
	Load     float64           `json:"load"` // of the machine, at the end
}

// opening trains a network on photos of groceries as tfpair train does by itself, has tfpair report write the page of all test
// photos, and opens it.
func opening(ctx context.Context, o options) error {
	r, err := openResults(o, "report")
	if err != nil {
		return err
	}
	weights, err := fetchWeights(ctx, o)
	if err != nil {
		return err
	}
	x, err := row(o, r, "grocery", func() (pageOpened, error) {
		return withFolder(func(folder string) (pageOpened, error) { return openPage(ctx, o, folder, weights) })
	})
	if err != nil {
		return err
	}
	var paint, shown, busy []float64
	for _, one := range x.Openings {
		paint, shown, busy = append(paint, one.Paint), append(shown, one.Shown), append(busy, one.Busy)
	}
	p, s, b := spread(paint), spread(shown), spread(busy)
	fmt.Fprintf(o.out, "page of %d photos, %.2f MB, opened %d times: first text after %.0f ms (most %.0f), all of it after %.0f ms (most %.0f), its thread busy for %.0f ms (most %.0f); load %.1f\n",
		x.Photos, float64(x.Bytes)/1e6, len(x.Openings), p.Median, p.High, s.Median, s.High, b.Median, b.High, x.Load)
	return nil
}

// openPage makes the page in folder and opens it.
func openPage(ctx context.Context, o options, folder, weights string) (x pageOpened, err error) {
	run, page := filepath.Join(folder, "run"), filepath.Join(folder, "report.html")
	list := func(split string) string { return filepath.Join(o.grocery(), "image_label_"+split+".csv") }
	if _, err := o.ask(ctx, &struct{}{}, "train", "--data", list("train"), "--val", list("val"), "--images", o.grocery(), "--weights", weights, "--effort", "quick",
		"--out", run); err != nil {
		return x, err
	}
	var told struct {
		report
		Images int `json:"images"`
	}
	if _, err := o.ask(ctx, &told, "report", "--run", run, "--data", list("test"), "--images", o.grocery(), "--out", page); err != nil {
		return x, err
	}
	if x.Recall1, err = told.find("recall@1"); err != nil {
		return x, err
	}
	x.Photos = told.Images
	about, err := os.Stat(page)
	if err != nil {
		return x, err
	}
	x.Bytes = about.Size()
	for range openings {
		one, err := browser.Time(ctx, page)
		if err != nil {
			return x, err
		}
		x.Openings = append(x.Openings, one)
	}
	x.Load = load()
	return x, nil
}
