package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// tunedSettings train the last four stages of EfficientNet-Lite0 and a head. What the
// others make of four draws of each photo is computed once.
var tunedSettings = []string{
	"backbone={efficientnet-lite0: {freeze: stage5, freeze_bn: true}}",
	"head={linear: {embedding_dim: 512}}",
	"distance=cosine",
	"loss={infonce: {temperature: 0.1}}",
	"target.side=shared",
	"augment=light",
	"cache.views=4",
	"schedule=cosine",
	"optimizer.adam.backbone_lr=0.1",
	"train.batch_size=32",
	"optimizer.adam.lr=1e-3",
	"train.steps=1079", // 13 epochs
	"train.eval_every=166",
}

// tuned is a fine-tuned network on test photos, and how it got there on validation.
type tuned struct {
	labelSearch
	Curve []milestone `json:"curve"`
}

// milestone is an evaluation on validation.
type milestone struct {
	Step    int     `json:"step"`
	Minutes float64 `json:"minutes"` // since the first step
	Recall1 float64 `json:"recall@1"`
}

// finetune measures what training the last stages of the backbone as well comes to.
func finetune(ctx context.Context, o options) error {
	l, r, err := openLabels(ctx, o, "finetune")
	if err != nil {
		return err
	}
	x, err := row(o, r, "seed=0", func() (tuned, error) { return l.fineTuned(ctx) })
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "fine-tuned: recall@1 %.1f %%, recall@5 %.1f %%, %.0f min; validation:\n",
		100*x.Recall1.Value, 100*x.Recall5.Value, x.Seconds/60)
	for _, m := range x.Curve {
		fmt.Fprintf(o.out, "  step %d, %.1f min: recall@1 %.1f %%\n", m.Step, m.Minutes, 100*m.Recall1)
	}
	return nil
}

// fineTuned trains within an hour.
func (l labelBench) fineTuned(ctx context.Context) (x tuned, err error) {
	x.labelSearch, _, err = l.search(ctx, training{
		settings: tunedSettings, arguments: []string{"--max-minutes", "60"},
		look: func(run string) (err error) { x.Curve, err = curve(run); return err },
	}, 0)
	return x, err
}

// evaluated is an event of a run as far as curve needs it.
type evaluated struct {
	Event  string
	Time   time.Time
	Step   int
	Scores struct{ Metrics map[string]float64 }
}

// curve reads the evaluations of a run.
func curve(run string) (points []milestone, err error) {
	all, err := events[evaluated](run)
	var start time.Time
	for _, e := range all {
		switch e.Event {
		case "start":
			start = e.Time
		case "eval":
			points = append(points, milestone{e.Step, e.Time.Sub(start).Minutes(), e.Scores.Metrics["recall@1"]})
		}
	}
	return points, err
}

// events returns what a run tells of itself, each event as far as E takes it in.
func events[E any](run string) (list []E, err error) {
	file, err := os.Open(filepath.Join(run, "events.jsonl"))
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only
	for d := json.NewDecoder(bufio.NewReader(file)); ; {
		var e E
		switch err := d.Decode(&e); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, fmt.Errorf("events of %s: %w", run, err)
		}
		list = append(list, e)
	}
}
