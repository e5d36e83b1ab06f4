package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// secondRounds is how often a training is begun in each way.
const secondRounds = 3

// beginnings are seconds from process start to the first step of a training on all photos of groceries.
type beginnings struct {
	Load    []float64 `json:"load"`    // of the machine, before each round
	Decoded []float64 `json:"decoded"` // nothing is kept
	Kept    []float64 `json:"kept"`    // a training before has kept the pixels
	// Processor seconds to the first step: an evaluation before it is part of them.
	DecodedProcessor []float64 `json:"decoded_processor"`
	KeptProcessor    []float64 `json:"kept_processor"`
}

// second measures how soon a training begins on photos that another one has seen.
func second(ctx context.Context, o options) error {
	r, err := openResults(o, "second")
	if err != nil {
		return err
	}
	b, err := row(o, r, "second", func() (beginnings, error) {
		return withFolder(func(folder string) (beginnings, error) { return begin(ctx, o, folder) })
	})
	if err != nil {
		return err
	}
	for _, side := range []struct {
		name               string
		seconds, processor quantiles
	}{{"pixels decoded", spread(b.Decoded), spread(b.DecodedProcessor)}, {"pixels kept", spread(b.Kept), spread(b.KeptProcessor)}} {
		fmt.Fprintf(o.out, "%s: first step after %.2f s (%.2f to %.2f), processor time until then %.2f s (%.2f to %.2f)\n", side.name,
			side.seconds.Median, side.seconds.Low, side.seconds.High, side.processor.Median, side.processor.Low, side.processor.High)
	}
	fmt.Fprintf(o.out, "load %.1f to %.1f\n", slices.Min(b.Load), slices.Max(b.Load))
	return nil
}

func begin(ctx context.Context, o options, folder string) (b beginnings, err error) {
	list := filepath.Join(folder, "photos.csv")
	if err := writeAllPhotos(o, list); err != nil {
		return b, err
	}
	runs := 0
	train := func(arguments ...string) (seconds, processor float64, err error) {
		runs++
		argv := append([]string{o.tfpair, "train", "--json", "--preset", "siamese", "--data", list, "--images", o.grocery(),
			"--out", filepath.Join(folder, fmt.Sprint("run", runs)), "--set", "train.steps=1"}, arguments...)
		c, err := start(ctx, "tfpair train", argv)
		if err != nil {
			return 0, 0, err
		}
		if err := c.await("step", &line{}); err != nil {
			return 0, 0, err
		}
		seconds = time.Since(c.began).Seconds()
		processor, err = processorTime(c.cmd.Process.Pid)
		return seconds, processor, errors.Join(err, c.end())
	}
	if _, _, err := train(); err != nil { // which keeps the pixels
		return b, err
	}
	for range secondRounds {
		b.Load = append(b.Load, load())
		seconds, processor, err := train("--pixel-cache", "0")
		if err != nil {
			return b, err
		}
		b.Decoded, b.DecodedProcessor = append(b.Decoded, seconds), append(b.DecodedProcessor, processor)
		if seconds, processor, err = train(); err != nil {
			return b, err
		}
		b.Kept, b.KeptProcessor = append(b.Kept, seconds), append(b.KeptProcessor, processor)
	}
	return b, nil
}

// writeAllPhotos writes a list of all photos of groceries and their classes.
func writeAllPhotos(o options, path string) (err error) {
	rows := [][]string{{"image", "class"}}
	for _, part := range []string{"train", "val", "test"} {
		file, err := os.Open(filepath.Join(o.grocery(), "image_label_"+part+".csv"))
		if err != nil {
			return err
		}
		list, err := csv.NewReader(file).ReadAll()
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
		for _, row := range list[1:] {
			rows = append(rows, []string{row[0], row[2]})
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(csv.NewWriter(file).WriteAll(rows), file.Close())
}
