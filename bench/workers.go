package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/cluster"
)

// sharedSteps is what command workers measures of one network: a step of two workers, each on a core of its own, beside what these do alone,
// and beside one process on both cores.
type sharedSteps struct {
	Alone     [2]float64 `json:"alone_seconds"` // step of half of the batch by one process on the first core, and on the second
	Two       float64    `json:"two_seconds"`   // step of two workers, each on its core
	One       float64    `json:"one_seconds"`   // step of one process on both cores
	Overhead  float64    `json:"overhead"`      // of two workers, over the slower one alone
	TwoImage  float64    `json:"two_seconds_per_image"`
	OneImage  float64    `json:"one_seconds_per_image"`
	Sent      int64      `json:"reduce_bytes"`   // by a worker in a step
	Summing   float64    `json:"reduce_seconds"` // in a step: adding up and sharing, waiting included
	Load      float64    `json:"load"`           // of the machine, before
	steps     int
	size      string
	pairs     int
	backbone  string
	described string
}

// twoWorkers measures what it costs two processes to train together, on the first two cores.
func twoWorkers(ctx context.Context, o options) error {
	r, err := openResults(o, "workers")
	if err != nil {
		return err
	}
	for _, c := range []sharedSteps{
		{described: "ResNet50, 4 pairs of 224×224", steps: 60, size: "224", pairs: 4, backbone: "resnet50"},
		{described: "program 1, 32 pairs of 64×64", steps: 600, size: "64", pairs: 32, backbone: "smallconv"},
	} {
		s, err := row(o, r, "workers/"+c.described, func() (sharedSteps, error) {
			return withFolder(func(folder string) (sharedSteps, error) { return c.measure(ctx, o, folder) })
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "%s: step of two workers %.0f ms, %.2f times that of the slower one alone (%.0f and %.0f ms); %.1f ms an image, one process %.1f ms; "+
			"%.2f MB sent in a step, %.0f ms in sums and waiting\n", c.described, 1000*s.Two, s.Overhead, 1000*s.Alone[0], 1000*s.Alone[1],
			1000*s.TwoImage, 1000*s.OneImage, float64(s.Sent)/1e6, 1000*s.Summing)
	}
	return nil
}

func (s sharedSteps) measure(ctx context.Context, o options, folder string) (sharedSteps, error) {
	s.Load = load()
	data := filepath.Join(folder, "pictures")
	if err := drawTiny(ctx, data, 2000); err != nil {
		return s, err
	}
	argv := func(cores, threads, run string, pairs int) []string {
		return []string{"taskset", "-c", cores, o.tfpair, "train", "--json", "--preset", "siamese", "--data", data, "--out", filepath.Join(folder, run),
			"--group-by", "none", "--threads", threads, "--set", "input.size=" + s.size, "--set", "backbone=" + s.backbone, "--set", "loss=contrastive",
			"--set", fmt.Sprint("train.batch_size=", pairs), "--set", fmt.Sprint("train.steps=", s.steps), "--set", fmt.Sprint("train.eval_every=", s.steps)}
	}
	for core := range s.Alone {
		run := fmt.Sprint("alone", core)
		if err := together(ctx, argv(fmt.Sprint(core), "1", run, s.pairs/2)); err != nil {
			return s, err
		}
		m, err := readSteps(filepath.Join(folder, run))
		if err != nil {
			return s, err
		}
		s.Alone[core] = m.step
	}
	if err := together(ctx, argv("0,1", "2", "one", s.pairs)); err != nil {
		return s, err
	}
	one, err := readSteps(filepath.Join(folder, "one"))
	if err != nil {
		return s, err
	}
	c, err := cluster.Local(len(s.Alone))
	if err != nil {
		return s, err
	}
	var workers [][]string
	for rank := range s.Alone {
		text, err := c.Config(rank)
		if err != nil {
			return s, err
		}
		workers = append(workers, append([]string{"env", cluster.Variable + "=" + text}, argv(fmt.Sprint(rank), "1", "two", s.pairs)...))
	}
	if err := together(ctx, workers...); err != nil {
		return s, err
	}
	two, err := readSteps(filepath.Join(folder, "two"))
	if err != nil {
		return s, err
	}
	s.One, s.OneImage, s.Two, s.TwoImage, s.Sent, s.Summing = one.step, one.image, two.step, two.image, two.sent, two.summing
	s.Overhead = s.Two / max(s.Alone[0], s.Alone[1])
	return s, nil
}

// together runs programs at once, to the end of all.
func together(ctx context.Context, programs ...[]string) error {
	g, ctx := errgroup.WithContext(ctx)
	for i, argv := range programs {
		g.Go(func() error {
			c, err := start(ctx, fmt.Sprint("tfpair train ", i), argv)
			if err != nil {
				return err
			}
			return c.end()
		})
	}
	return g.Wait()
}

// stepMeans are what the steps of a run took, as means over all but the first ten and what follows the last.
type stepMeans struct {
	step, image, summing float64 // seconds
	sent                 int64
}

// stepEvent is an event of a step as a run keeps it.
type stepEvent struct {
	Event   string    `json:"event"`
	Time    time.Time `json:"time"`
	Step    int       `json:"step"`
	Images  float64   `json:"images_per_second"`
	Bytes   int64     `json:"reduce_bytes"`
	Summing float64   `json:"reduce_seconds"`
}

// readSteps reads the steps in the events of a run: every tenth is there.
func readSteps(run string) (m stepMeans, err error) {
	all, err := events[stepEvent](run)
	if err != nil {
		return m, err
	}
	all = slices.DeleteFunc(all, func(e stepEvent) bool { return e.Event != "step" })
	if len(all) < 3 {
		return m, fmt.Errorf("%s: %d events of steps, want 3 or more", run, len(all))
	}
	first, last := all[0], all[len(all)-1]
	m.step = last.Time.Sub(first.Time).Seconds() / float64(last.Step-first.Step)
	for _, e := range all[1:] {
		n := float64(len(all) - 1)
		m.image, m.summing, m.sent = m.image+1/e.Images/n, m.summing+e.Summing/n, e.Bytes
	}
	return m, nil
}
