package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
)

// integers is what a trained network is worth on test as float32 and as int8.
type integers struct {
	Metric string  `json:"metric"`
	Float  float64 `json:"float32"`
	Int8   float64 `json:"int8"`
	Cosine float64 `json:"cosine"` // mean, of the embeddings of validation
	Layers int     `json:"layers"` // that are int8
	Left   int     `json:"left"`   // that could be, and stay float32
}

// int8Task is a training, what its export for int8 is told of the data, and the test.
type int8Task struct {
	name     string
	training training
	data     []string // arguments of the export
	test     []string // arguments of the evaluation
	metric   string
	within   float64 // what int8 may change
}

// int8Quality trains three networks and compares both precisions of each on test.
func int8Quality(ctx context.Context, o options) error {
	kept, err := openResults(o, "int8")
	if err != nil {
		return err
	}
	l, _, err := openLabels(ctx, o, "int8")
	if err != nil {
		return err
	}
	lists := []string{"--val", l.list("val")}
	for _, task := range []int8Task{
		{"mnist", training{data: archive(o)}, []string{"--data", archive(o)}, onTestPairs(o), "auc", 0.002},
		{"omniglot", training{data: background(o, 1), settings: omniglotSettings}, []string{"--data", background(o, 1)},
			[]string{"--one-shot", "--data", o.oneShotRuns()}, "error", 0.01},
		{"grocery", training{data: l.list("train"), preset: "image-label", settings: tunedSettings,
			arguments: append(slices.Clone(lists), "--weights", l.weights)},
			append([]string{"--data", l.list("train")}, lists...), []string{"--data", l.list("test")}, "recall@1", 0.005},
	} {
		if !slices.Contains(o.rows, task.name) {
			continue
		}
		x, err := row(o, kept, task.name, func() (integers, error) { return task.measure(ctx, o) })
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "%s: %s %.4f as float32, %.4f as int8 (%d layers, %d stay float32): %+.4f, within %g: %v\n", task.name, x.Metric,
			x.Float, x.Int8, x.Layers, x.Left, x.Int8-x.Float, task.within, math.Abs(x.Int8-x.Float) <= task.within)
	}
	return nil
}

func (t int8Task) measure(ctx context.Context, o options) (x integers, err error) {
	x.Metric = t.metric
	t.training.look = func(run string) error {
		for _, side := range []struct {
			to        *float64
			arguments []string
		}{{&x.Float, nil}, {&x.Int8, append([]string{"--precision", "int8"}, t.data...)}} {
			out := filepath.Join(filepath.Dir(run), fmt.Sprint("model", len(side.arguments)))
			var exported struct {
				Quantized struct {
					Layers, Float []string
					Cosine        float64
				}
			}
			argv := append([]string{o.tfpair, "export", "--json", "--run", run, "--out", out}, side.arguments...)
			if _, err := complete(ctx, "tfpair export", argv, &exported); err != nil {
				return err
			}
			q := exported.Quantized
			x.Layers, x.Left, x.Cosine = len(q.Layers), len(q.Float), q.Cosine
			var r report
			argv = append([]string{o.tfpair, "evaluate", "--json", "--model", out}, t.test...)
			if _, err := complete(ctx, "tfpair evaluate", argv, &r); err != nil {
				return err
			}
			m, err := r.find(t.metric)
			if err != nil {
				return err
			}
			*side.to = m.Value
		}
		return nil
	}
	_, _, err = t.training.run(ctx, o, 0)
	return x, err
}
