package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// promisedRate is the share of different pairs that may be called the same, as a user asks for it.
const promisedRate = "1%"

// thresholdSeeds is how many trainings of each data set are measured.
const thresholdSeeds = 5

// shelfSettings are those of command grocery, smaller and shorter, for classes that training sees.
var shelfSettings = []string{
	"input.size=32",
	"backbone=conv4",
	"distance=cosine",
	"loss=supcon",
	"schedule=cosine",
	"sampler={balanced: {images_per_class: 4}}",
	"augment=light",
	"train.batch_size=80",
	"train.steps=200",
	"train.eval_every=200",
}

// kept says how a threshold that was chosen on validation for a rate of false accepts does on test.
type kept struct {
	FalseAccepts measured `json:"false_accepts"` // of all pairs of the test images
	FalseRejects measured `json:"false_rejects"`
	Seconds      float64  `json:"seconds"`
}

// thresholds measures what a promised rate of false accepts comes to on other images.
func thresholds(ctx context.Context, o options) error {
	r, err := openResults(o, "thresholds")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "tfpair-thresholds-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	train, test := filepath.Join(folder, "train.zip"), filepath.Join(folder, "test.zip")
	for split, archive := range map[string]string{"train": train, "test": test} {
		if err := byClass(archive, o.grocery(), "image_label_"+split+".csv"); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		name     string
		training training
	}{
		{"mnist", training{data: archive(o), settings: speedSettings, tests: [][]string{{"--data", archive(o)}}}},
		// Photos of the list that was trained on, kept for test.
		{"grocery", training{data: train, settings: append(shelfSettings, "train.test=0.2", "train.val=0.2"),
			arguments: []string{"--group-by", "none"}, tests: [][]string{{"--data", train}}}},
		// Photos of other days and shops.
		{"grocery/other days", training{data: train, settings: shelfSettings, tests: [][]string{{"--data", test}}}},
	} {
		c.training.tests[0] = append(c.training.tests[0], "--false-accepts", promisedRate)
		var mean float64
		for seed := range thresholdSeeds {
			x, err := row(o, r, fmt.Sprintf("%s/seed=%d", c.name, seed), func() (kept, error) {
				reports, seconds, err := c.training.run(ctx, o, seed)
				if err != nil {
					return kept{}, err
				}
				return kept{reports[0].Wrong.FalseAccepts, reports[0].Wrong.FalseRejects, seconds}, nil
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(o.out, "%s, seed %d: false accepts %.2f %% (%.2f to %.2f %%), false rejects %.1f %%\n", c.name, seed,
				100*x.FalseAccepts.Value, 100*x.FalseAccepts.Interval.Low, 100*x.FalseAccepts.Interval.High, 100*x.FalseRejects.Value)
			mean += x.FalseAccepts.Value / thresholdSeeds
		}
		fmt.Fprintf(o.out, "%s: promised %s, mean of %d seeds %.2f %%\n", c.name, promisedRate, thresholdSeeds, 100*mean)
	}
	return nil
}
