package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// grocerySettings train from scratch on photos of shelves, in a few minutes.
var grocerySettings = []string{
	"input.size=64",
	"backbone=conv4",
	"distance=cosine",
	"loss=supcon",
	"schedule=cosine",
	"sampler={balanced: {images_per_class: 4}}",
	"augment=light",
	"train.batch_size=80",
	"train.steps=600",
	"train.eval_every=200",
	"train.unseen_classes=true",
}

// search is retrieval among classes that training never saw.
type search struct {
	Recall1 measured `json:"recall@1"`
	MAPR    measured `json:"map@r"`
	Seconds float64  `json:"seconds"`
}

// grocery measures search on fine classes never trained on, trained from scratch.
func grocery(ctx context.Context, o options) error {
	r, err := openResults(o, "grocery")
	if err != nil {
		return err
	}
	data := filepath.Join(filepath.Dir(o.data), "grocery", "train")
	x, err := row(o, r, "grocery/unseen", func() (x search, err error) {
		t := training{data: data, settings: grocerySettings, tests: [][]string{{"--data", data}}}
		reports, seconds, err := t.run(ctx, o, 0)
		if err != nil {
			return x, err
		}
		x.Seconds = seconds
		if x.Recall1, err = reports[0].find("recall@1"); err != nil {
			return x, err
		}
		x.MAPR, err = reports[0].find("map@r")
		return x, err
	})
	if err != nil {
		return err
	}
	for _, m := range []measured{x.Recall1, x.MAPR} {
		fmt.Fprintf(o.out, "grocery, unseen classes: %s %.4f (%.4f to %.4f)\n", m.Name, m.Value, m.Interval.Low, m.Interval.High)
	}
	return nil
}
