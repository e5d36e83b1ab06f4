package main

import (
	"context"
	"fmt"
	"math"
	"os"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/inference"
)

// use evaluates m, and checks that searches and comparisons rank by the distance of one's own.
func use(ctx context.Context, m *inference.Model, data *dataset.Dataset, pictures string) {
	defer m.Close()
	part := must(m.Part(data, dataset.Test))
	report, _, err := m.Evaluate(ctx, evaluate.Config{Data: data, Part: part}, inference.Reading{})
	check(err)
	photos := must(inference.OpenCollection(dataset.Options{Data: pictures}))
	x, e, err := m.Index(ctx, photos, "flat", inference.Reading{})
	check(err)
	hits := must(m.Search(ctx, x, e.Data[:e.Dim], 2))[0]
	compared := must(m.CompareVectors(e.Vectors, e.Vectors, 0.5))
	want := float32(math.Inf(1)) // of the nearest other picture
	for row := range x.Len() {
		if d := float32(manhattanInGo(e.Data[:e.Dim], x.Vector(row))); x.Item(row).Path != hits[0].Path {
			want = min(want, d)
		}
	}
	if hits[0].Distance != 0 || compared[0].Distance != 0 || hits[1].Distance != want {
		check(fmt.Errorf("hits %+v, compared %+v, want 0 and %g", hits, compared[0], want))
	}
	fmt.Printf("%s: %d pairs measured, nearest other at %g\n", m.Name, report.Pairs, want)
}

func must[T any](x T, err error) T {
	check(err)
	return x
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "own:", err)
		os.Exit(1)
	}
}
