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

	FloatBytes int `json:"float32_bytes"` // of the exported graph, its weights included
	Int8Bytes  int `json:"int8_bytes"`

	Training usage `json:"training"` // next to nothing where -runs had it
	Export   usage `json:"export"`   // as int8
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
		if o.runs != "" {
			task.training.keep = filepath.Join(o.runs, task.name)
		}
		if !slices.Contains(o.rows, task.name) {
			continue
		}
		x, err := row(o, kept, task.name, func() (integers, error) { return task.measure(ctx, o) })
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "%s: %s %.4f as float32, %.4f as int8 (%d layers, %d stay float32): %+.4f, within %g: %v; %.2f of the bytes\n",
			task.name, x.Metric, x.Float, x.Int8, x.Layers, x.Left, x.Int8-x.Float, task.within,
			math.Abs(x.Int8-x.Float) <= task.within, float64(x.Int8Bytes)/float64(x.FloatBytes))
		fmt.Fprintf(o.out, "%s: processor time %.1f min of the training, %.1f min of the export\n", task.name,
			x.Training.Processor/60, x.Export.Processor/60)
	}
	return nil
}

func (t int8Task) measure(ctx context.Context, o options) (integers, error) {
	return withFolder(func(folder string) (integers, error) { return t.measureIn(ctx, o, folder) })
}

// measureIn keeps exported models in folder.
func (t int8Task) measureIn(ctx context.Context, o options, folder string) (x integers, err error) {
	x.Metric, t.training.took = t.metric, &x.Training
	t.training.look = func(run string) (err error) {
		for _, side := range []struct {
			to        *float64
			arguments []string
		}{{&x.Float, nil}, {&x.Int8, append([]string{"--precision", "int8"}, t.data...)}} {
			out := filepath.Join(folder, fmt.Sprint("model", len(side.arguments)))
			var exported struct {
				Quantized struct {
					Layers, Float []string
					Cosine        float64
				}
				Speed struct {
					FloatBytes int `json:"float32_bytes"`
					Int8Bytes  int `json:"int8_bytes"`
				}
			}
			argv := append([]string{o.tfpair, "export", "--json", "--run", run, "--out", out}, side.arguments...)
			if x.Export, err = completeUsing(ctx, "tfpair export", argv, &exported); err != nil {
				return err
			}
			q := exported.Quantized
			x.Layers, x.Left, x.Cosine = len(q.Layers), len(q.Float), q.Cosine
			x.FloatBytes, x.Int8Bytes = exported.Speed.FloatBytes, exported.Speed.Int8Bytes
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
