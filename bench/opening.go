package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

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
	x, err := row(o, r, "grocery", func() (pageOpened, error) { return openPage(ctx, o, weights) })
	if err != nil {
		return err
	}
	of := func(value func(browser.Opening) float64) (median, most float64) {
		var list []float64
		for _, one := range x.Openings {
			list = append(list, value(one))
		}
		slices.Sort(list)
		return list[len(list)/2], list[len(list)-1]
	}
	paint, mostPaint := of(func(x browser.Opening) float64 { return x.Paint })
	shown, mostShown := of(func(x browser.Opening) float64 { return x.Shown })
	busy, mostBusy := of(func(x browser.Opening) float64 { return x.Busy })
	fmt.Fprintf(o.out, "page of %d photos, %.2f MB, opened %d times: first text after %.0f ms (most %.0f), all of it after %.0f ms (most %.0f), its thread busy for %.0f ms (most %.0f); load %.1f\n",
		x.Photos, float64(x.Bytes)/1e6, len(x.Openings), paint, mostPaint, shown, mostShown, busy, mostBusy, x.Load)
	return nil
}

// openPage makes the page and opens it.
func openPage(ctx context.Context, o options, weights string) (x pageOpened, err error) {
	folder, err := os.MkdirTemp("", "tfpair-report-")
	if err != nil {
		return x, err
	}
	defer os.RemoveAll(folder)
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
