package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// loadings is how often row loads loads a model.
const loadings = 300

// throughput is what 64 callers with one image each reach, beside a bare session.
type throughput struct {
	Batch  int       `json:"batch"` // size at which the bare session is fastest
	Bare   []float64 `json:"bare"`  // images per second, per turn
	Shared []float64 `json:"shared"`
}

// latency is seconds of one image, through its parts and through Embed.
type latency struct {
	Parts50 float64 `json:"parts_p50"`
	Parts99 float64 `json:"parts_p99"`
	Embed50 float64 `json:"embed_p50"`
	Embed99 float64 `json:"embed_p99"`
}

// loading is what loads and closes leave.
type loading struct {
	Resident   []float64 `json:"resident_mib"` // after every 100
	Goroutines int       `json:"goroutines"`
}

// neighbours are seconds of one image by one model, at the middle and at the slow end of each turn.
type neighbours struct {
	Alone50    []float64 `json:"alone_p50"`
	Alone99    []float64 `json:"alone_p99"`
	Batches50  []float64 `json:"batches_p50"`
	Batches99  []float64 `json:"batches_p99"`
	Openings50 []float64 `json:"openings_p50"`
	Openings99 []float64 `json:"openings_p99"`
}

// service measures package models as a Go service uses it, with the tower of program 1.
func service(ctx context.Context, o options) error {
	r, err := openResults(o, "service")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "tfpair-service-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	model, err := export(ctx, o, folder)
	if err != nil {
		return err
	}
	t, err := embedded[throughput](ctx, o, r, "throughput", model)
	if err != nil {
		return err
	}
	l, err := embedded[latency](ctx, o, r, "latency", model)
	if err != nil {
		return err
	}
	m, err := embedded[loading](ctx, o, r, "loads", model, strconv.Itoa(loadings))
	if err != nil {
		return err
	}
	n, err := embedded[neighbours](ctx, o, r, "beside", model)
	if err != nil {
		return err
	}
	q := t.ratio()
	fmt.Fprintf(o.out, "64 callers: %.2f of a bare session at batch %d (%.2f to %.2f in %d turns)\n",
		q.Median, t.Batch, q.Low, q.High, len(t.Bare))
	fmt.Fprintf(o.out, "one caller: %+.3f ms at p50, %+.3f ms at p99 over decode, resize and run (%.2f ms)\n",
		1000*(l.Embed50-l.Parts50), 1000*(l.Embed99-l.Parts99), 1000*l.Parts50)
	first, last := m.Resident[0], m.Resident[len(m.Resident)-1]
	fmt.Fprintf(o.out, "%d loads and closes: %.0f MiB after 100, %+.2f %% after all; %d goroutines left\n",
		loadings, first, 100*(last/first-1), m.Goroutines)
	fmt.Fprintf(o.out, "one image alone, beside batches of 256 of another model, beside models that are opened: "+
		"p50 %.2f, %.2f, %.2f ms; p99 %.2f, %.2f, %.2f ms\n",
		1000*spread(n.Alone50).Median, 1000*spread(n.Batches50).Median, 1000*spread(n.Openings50).Median,
		1000*spread(n.Alone99).Median, 1000*spread(n.Batches99).Median, 1000*spread(n.Openings99).Median)
	return nil
}

// ratio returns the quantiles of shared to bare, turn by turn.
func (t throughput) ratio() quantiles {
	ratios := make([]float64, len(t.Bare))
	for i := range ratios {
		ratios[i] = t.Shared[i] / t.Bare[i]
	}
	return spread(ratios)
}

// embedded runs one command of embedder, unless it is finished.
func embedded[T any](ctx context.Context, o options, r *results, name string, args ...string) (T, error) {
	return row(o, r, name, func() (v T, err error) {
		_, err = complete(ctx, "embedder", append([]string{o.embedder, name}, args...), &v)
		return v, err
	})
}

// export trains program 1 for a moment and exports it: what a network costs does not
// depend on how good it is.
func export(ctx context.Context, o options, folder string) (string, error) {
	run, model := filepath.Join(folder, "run"), filepath.Join(folder, "model")
	if _, err := complete(ctx, "tfpair train", siameseArguments(o, run, "train.steps=10"), &line{}); err != nil {
		return "", err
	}
	_, err := complete(ctx, "tfpair export",
		[]string{o.tfpair, "export", "--json", "--run", run, "--out", model}, &line{})
	return model, err
}
