package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// promisedRate is the share of different pairs that may be called the same, as a user asks for it.
const promisedRate = "1%"

// rarePrevalence is a share of same pairs as services see it.
const rarePrevalence = "1%"

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
	FalseAccepts measured   `json:"false_accepts"` // of all pairs of the test images
	FalseRejects measured   `json:"false_rejects"`
	Even         calibrated `json:"even"` // where half of the pairs are same
	Rare         calibrated `json:"rare"` // where a share rarePrevalence is
}

// calibrated says how true probabilities are.
type calibrated struct {
	Error    measured `json:"calibration_error"`
	ByChance float64  `json:"calibration_error_by_chance"` // of a true probability on so few images
}

// thresholds measures what a promised rate of false accepts, and a probability, come to on other images.
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
		{"grocery/groups", training{data: train, settings: append(shelfSettings, "train.test=0.2", "train.val=0.2"),
			arguments: []string{"--group-by", "look"}, tests: [][]string{{"--data", train}}}},
		// Photos of other days and shops.
		{"grocery/other days", training{data: train, settings: shelfSettings, tests: [][]string{{"--data", test}}}},
	} {
		test := append(c.training.tests[0], "--false-accepts", promisedRate)
		c.training.tests = [][]string{test, append(slices.Clone(test), "--prevalence", rarePrevalence)}
		var all []kept
		for seed := range thresholdSeeds {
			x, err := row(o, r, fmt.Sprintf("%s/seed=%d", c.name, seed), func() (kept, error) {
				reports, _, err := c.training.run(ctx, o, seed)
				if err != nil {
					return kept{}, err
				}
				return kept{reports[0].Wrong.FalseAccepts, reports[0].Wrong.FalseRejects,
					reports[0].Probability, reports[1].Probability}, nil
			})
			if err != nil {
				return err
			}
			all = append(all, x)
		}
		sayKept(o, c.name, all)
	}
	return nil
}

// sayKept prints a line for each seed, and one for their means.
func sayKept(o options, name string, all []kept) {
	for seed, x := range all {
		fmt.Fprintf(o.out, "%s, seed %d: false accepts %.2f %% (%.2f to %.2f %%), false rejects %.1f %%, "+
			"calibration error %.4f (by chance %.4f), with %s same %.4f (%.4f)\n", name, seed,
			100*x.FalseAccepts.Value, 100*x.FalseAccepts.Interval.Low, 100*x.FalseAccepts.Interval.High, 100*x.FalseRejects.Value,
			x.Even.Error.Value, x.Even.ByChance, rarePrevalence, x.Rare.Error.Value, x.Rare.ByChance)
	}
	of := func(value func(kept) float64) float64 {
		var list []float64
		for _, x := range all {
			list = append(list, value(x))
		}
		return mean(list)
	}
	fmt.Fprintf(o.out, "%s: promised %s, mean of %d seeds %.2f %%; calibration error %.4f (by chance %.4f), with %s same %.4f (%.4f)\n",
		name, promisedRate, len(all), 100*of(func(x kept) float64 { return x.FalseAccepts.Value }),
		of(func(x kept) float64 { return x.Even.Error.Value }), of(func(x kept) float64 { return x.Even.ByChance }),
		rarePrevalence,
		of(func(x kept) float64 { return x.Rare.Error.Value }), of(func(x kept) float64 { return x.Rare.ByChance }))
}
