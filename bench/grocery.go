package main

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	"train.test=0.5", // Oh Song et al., 2016, arXiv:1511.06452, section 6
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

// grocery measures search on fine classes never trained on, trained from scratch. Classes
// are those of the lists: one of them has two folders.
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
	folder, err := os.MkdirTemp("", "tfpair-grocery-")
	if err != nil {
		return x, err
	}
	defer os.RemoveAll(folder)
	train, test := filepath.Join(folder, "train.zip"), filepath.Join(folder, "test.zip")
	for split, archive := range map[string]string{"train": train, "test": test} {
		if err := byClass(archive, o.grocery(), "image_label_"+split+".csv"); err != nil {
			return x, err
		}
	}
	t := training{data: train, settings: grocerySettings, tests: [][]string{
		{"--unseen-classes", "--data", train}, {"--unseen-classes", "--data", test}}}
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

// byClass writes an archive of the photos that a list in folder names, in a folder for
// each class.
func byClass(path, folder, list string) (err error) {
	in, err := os.Open(filepath.Join(folder, list))
	if err != nil {
		return err
	}
	defer in.Close() // read only
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return fmt.Errorf("read %s: %w", list, err)
	}
	return zipped(path, func(add func(name string, data []byte) error) error {
		for _, row := range rows[1:] { // image,label_image,class
			photo, err := os.ReadFile(filepath.Join(folder, row[0]))
			if err != nil {
				return err
			}
			if err := add(row[2]+"/"+strings.ReplaceAll(row[0], "/", "_"), photo); err != nil {
				return err
			}
		}
		return nil
	})
}

// zipped writes an archive of what write adds.
func zipped(path string, write func(add func(name string, data []byte) error) error) (err error) {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := zip.NewWriter(out)
	add := func(name string, data []byte) error {
		to, err := w.Create(name)
		if err != nil {
			return err
		}
		_, err = to.Write(data)
		return err
	}
	return errors.Join(write(add), w.Close())
}
