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
}

// searches are the two questions that grocery asks, and the time of all.
type searches struct {
	Same    search  `json:"train_photos"` // the photos of the list that was trained on, of other classes
	Other   search  `json:"test_photos"`  // photos of other days and shops
	Seconds float64 `json:"seconds"`
}

// grocery measures search on fine classes never trained on, trained from scratch. The lists
// name the class of a photo whose folder is there twice.
func grocery(ctx context.Context, o options) error {
	r, err := openResults(o, "grocery")
	if err != nil {
		return err
	}
	x, err := row(o, r, "grocery/unseen", func() (searches, error) { return searchUnseen(ctx, o) })
	if err != nil {
		return err
	}
	for _, s := range []struct {
		name string
		search
	}{{"photos of train", x.Same}, {"photos of test", x.Other}} {
		for _, m := range []measured{s.Recall1, s.MAPR} {
			fmt.Fprintf(o.out, "grocery, unseen classes, %s: %s %.4f (%.4f to %.4f)\n", s.name, m.Name,
				m.Value, m.Interval.Low, m.Interval.High)
		}
	}
	return nil
}

func searchUnseen(ctx context.Context, o options) (x searches, err error) {
	list := func(split string) string {
		return filepath.Join(filepath.Dir(o.data), "grocery", "image_label_"+split+".csv")
	}
	t := training{data: list("train"), settings: grocerySettings, tests: [][]string{
		{"--unseen-classes", "--data", list("train")}, {"--unseen-classes", "--data", list("test")}}}
	reports, seconds, err := t.run(ctx, o, 0)
	if err != nil {
		return x, err
	}
	x.Seconds = seconds
	for i, s := range []*search{&x.Same, &x.Other} {
		if s.Recall1, err = reports[i].find("recall@1"); err != nil {
			return x, err
		}
		if s.MAPR, err = reports[i].find("map@r"); err != nil {
			return x, err
		}
	}
	return x, nil
}
