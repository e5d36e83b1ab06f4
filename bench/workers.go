package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/cluster"
)

// sharedSteps is what command workers measures of one network: a step of two workers, each on a core of its own, beside what these do alone,
// what they do while the other core trains something else, and what one process does on both cores.
type sharedSteps struct {
	Alone     [2]float64 `json:"alone_seconds"`  // step of half of the batch by one process on the first core, and on the second
	Beside    [2]float64 `json:"beside_seconds"` // the same of both at once, which know nothing of each other
	Two       float64    `json:"two_seconds"`    // step of two workers, each on its core, which add up in memory
	Connected float64    `json:"connected_seconds"`
	One       float64    `json:"one_seconds"`     // step of one process on both cores
	Overhead  float64    `json:"overhead"`        // of two workers, over the slower one alone
	Ours      float64    `json:"overhead_beside"` // the same, over the slower one beside a stranger
	TwoImage  float64    `json:"two_seconds_per_image"`
	OneImage  float64    `json:"one_seconds_per_image"`
	Sent      int64      `json:"reduce_bytes"`   // by a worker in a step
	Summing   float64    `json:"reduce_seconds"` // in a step: adding up and sharing, waiting included
	Sending   float64    `json:"connected_reduce_seconds"`
	Load      float64    `json:"load"` // of the machine, before
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
		fmt.Fprintf(o.out, "%s: step of two workers %.0f ms, %.2f times that of the slower one alone (%.0f and %.0f ms), "+
			"and %.2f times that of the slower one beside a stranger (%.0f and %.0f ms); %.1f ms an image, one process %.1f ms; "+
			"%.2f MB added up in a step, in %.0f ms with waiting; by connections a step takes %.0f ms, %.0f of them in sums\n",
			c.described, 1000*s.Two, s.Overhead, 1000*s.Alone[0], 1000*s.Alone[1], s.Ours, 1000*s.Beside[0], 1000*s.Beside[1],
			1000*s.TwoImage, 1000*s.OneImage, float64(s.Sent)/1e6, 1000*s.Summing, 1000*s.Connected, 1000*s.Sending)
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
	half := func(core int, run string) []string { return argv(fmt.Sprint(core), "1", run, s.pairs/2) }
	for core := range s.Alone {
		m, err := stepsOf(ctx, folder, []string{fmt.Sprint("alone", core)}, half(core, fmt.Sprint("alone", core)))
		if err != nil {
			return s, err
		}
		s.Alone[core] = m[0].step
	}
	beside, err := stepsOf(ctx, folder, []string{"beside0", "beside1"}, half(0, "beside0"), half(1, "beside1"))
	if err != nil {
		return s, err
	}
	s.Beside = [2]float64{beside[0].step, beside[1].step}
	one, err := stepsOf(ctx, folder, []string{"one"}, argv("0,1", "2", "one", s.pairs))
	if err != nil {
		return s, err
	}
	s.One, s.OneImage = one[0].step, one[0].image
	workers := func(run string, host string) (stepMeans, error) {
		programs, err := workersAt(host, func(rank int) []string { return argv(fmt.Sprint(rank), "1", run, s.pairs) })
		if err != nil {
			return stepMeans{}, err
		}
		m, err := stepsOf(ctx, folder, []string{run}, programs...)
		if err != nil {
			return stepMeans{}, err
		}
		return m[0], nil
	}
	two, err := workers("two", "127.0.0.1")
	if err != nil {
		return s, err
	}
	connected, err := workers("connected", "127.0.0.2") // the same machine, by another name
	if err != nil {
		return s, err
	}
	s.Two, s.TwoImage, s.Sent, s.Summing = two.step, two.image, two.sent, two.summing
	s.Connected, s.Sending = connected.step, connected.summing
	s.Overhead, s.Ours = s.Two/max(s.Alone[0], s.Alone[1]), s.Two/max(s.Beside[0], s.Beside[1])
	return s, nil
}

// workersAt returns two programs that are a cluster, the second of them at a host.
func workersAt(host string, argv func(rank int) []string) (list [][]string, err error) {
	c, err := cluster.Local(2)
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(c.Tasks[1].Address)
	if err != nil {
		return nil, err
	}
	c.Tasks[1].Address = net.JoinHostPort(host, port)
	for rank := range c.Tasks {
		text, err := c.Config(rank)
		if err != nil {
			return nil, err
		}
		list = append(list, append([]string{"env", cluster.Variable + "=" + text}, argv(rank)...))
	}
	return list, nil
}

// stepsOf runs programs at once, and returns what the steps of runs in folder took.
func stepsOf(ctx context.Context, folder string, runs []string, programs ...[]string) (list []stepMeans, err error) {
	if err := together(ctx, programs...); err != nil {
		return nil, err
	}
	for _, run := range runs {
		m, err := readSteps(filepath.Join(folder, run))
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
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
