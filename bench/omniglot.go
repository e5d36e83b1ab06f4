package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// omniglotSettings are chosen on background classes: half of those of small1 trained on,
// error of 20-way episodes of the other half.
var omniglotSettings = []string{
	"input.size=42",
	"backbone=conv4",
	"distance=cosine",
	"loss={supcon: {temperature: 0.05}}",
	"optimizer.adam.lr=0.003",
	"schedule=cosine",
	"sampler={balanced: {images_per_class: 4}}",
	"augment={preset: glyph, turns: {}}",
	"train.batch_size=120",
	"train.steps=1200",
	"train.eval_every=400",
}

// oneShot is a training on background characters, measured on Lake's 20 runs.
type oneShot struct {
	Error   measured `json:"error"`
	Seconds float64  `json:"seconds"` // of training and test
}

// omniglot measures 20-way one-shot classification.
func omniglot(ctx context.Context, o options) error {
	r, err := openResults(o, "omniglot")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "tfpair-omniglot-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	sets := []string{background(o, 1), background(o, 2)}
	both := filepath.Join(folder, "both.zip")
	if err := merge(both, sets...); err != nil {
		return err
	}
	for _, s := range []struct {
		name, data string
		seeds      int
	}{{"small1", sets[0], o.seeds}, {"small2", sets[1], 1}, {"both", both, 1}} {
		var shares []float64
		for seed := range s.seeds {
			x, err := row(o, r, fmt.Sprintf("%s/seed=%d", s.name, seed), func() (oneShot, error) {
				return oneShotOf(ctx, o, s.data, seed, omniglotSettings...)
			})
			if err != nil {
				return err
			}
			shares = append(shares, x.Error.Value)
			fmt.Fprintf(o.out, "%s, seed %d: error %.1f %% (%.1f to %.1f), %.0f s\n", s.name, seed,
				100*x.Error.Value, 100*x.Error.Interval.Low, 100*x.Error.Interval.High, x.Seconds)
		}
		fmt.Fprintf(o.out, "%s: mean error %.1f %% of %d seeds\n", s.name, 100*mean(shares), s.seeds)
	}
	return nil
}

func background(o options, set int) string {
	return filepath.Join(o.omniglot(), fmt.Sprintf("images_background_small%d.zip", set))
}

func oneShotOf(ctx context.Context, o options, data string, seed int, settings ...string) (oneShot, error) {
	t := training{data: data, settings: settings,
		tests: [][]string{{"--one-shot", "--data", o.oneShotRuns()}}}
	reports, seconds, err := t.run(ctx, o, seed)
	if err != nil {
		return oneShot{}, err
	}
	e, err := reports[0].find("error")
	return oneShot{e, seconds}, err
}

// merge writes one archive of the files of several. Those of equal name below the top
// folder, the alphabets that both sets share, go in once.
func merge(path string, archives ...string) error {
	return zipped(path, func(add func(name string, data []byte) error) error {
		seen := map[string]bool{}
		for _, archive := range archives {
			if err := eachFile(archive, func(name string, data []byte) error {
				_, name, ok := strings.Cut(name, "/")
				if !ok || seen[name] {
					return nil
				}
				seen[name] = true
				return add(name, data)
			}); err != nil {
				return fmt.Errorf("merge %q: %w", archive, err)
			}
		}
		return nil
	})
}
