package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pairsTurned is what check says of a list of pairs in which 1 means different.
type pairsTurned struct {
	Pairs   int        `json:"pairs"`
	Auc     [3]float64 `json:"auc"`     // and its 95 % interval, as the list is
	Code    int        `json:"code"`    // exit code of --fail-on inverted
	Columns string     `json:"columns"` // what check says mends it
	Mended  [3]float64 `json:"mended"`  // the AUC with them
	After   int        `json:"code_after"`
}

// turnPairs writes a list of pairs of photos in which 1 means different, and follows what check says of it.
func turnPairs(ctx context.Context, o options, folder string) (p pairsTurned, err error) {
	list := filepath.Join(folder, "pairs.csv")
	if err := writeTurned(o, list); err != nil {
		return p, err
	}
	check := []string{"check", "--data", list, "--images", o.grocery(), "--cache", filepath.Join(folder, "prints"), "--fail-on", "inverted"}
	var before, after leaksSaid
	run, err := o.ask(ctx, &before, check...)
	if err != nil {
		return p, err
	}
	p.Pairs, p.Auc, p.Code = leakPairs, before.auc(), run.Code
	for _, f := range before.Findings {
		if f.Kind == "inverted" {
			_, p.Columns, _ = strings.Cut(f.Mend, "--columns ")
		}
	}
	if p.Columns == "" {
		return p, fmt.Errorf("check names no --columns: %+v", before.Findings)
	}
	run, err = o.ask(ctx, &after, slices.Concat(check, []string{"--columns", p.Columns})...)
	p.Mended, p.After = after.auc(), run.Code
	return p, err
}

func (s leaksSaid) auc() [3]float64 {
	l := s.Pairs.Likeness
	return [3]float64{l.AUC, l.Interval.Low, l.Interval.High}
}

// writeTurned writes the list: half of the pairs are two photos of one class, and have a 0.
func writeTurned(o options, path string) error {
	photos, err := readPhotos(o.grocery(), "image_label_train.csv")
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(0, 0))
	text := [][]string{{"left", "right", "same"}}
	classes := photos.classes(2)
	for k := range leakPairs {
		drawn := rng.Perm(len(classes))
		one, other := photos[classes[drawn[0]]], photos[classes[drawn[1]]]
		if k%2 == 0 {
			of := rng.Perm(len(one))
			text = append(text, []string{one[of[0]], one[of[1]], "0"})
		} else {
			text = append(text, []string{one[rng.IntN(len(one))], other[rng.IntN(len(other))], "1"})
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close() // Flush says what went wrong
	w := csv.NewWriter(file)
	return w.WriteAll(text)
}
