package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// contrastiveSettings are tfpair's side of row contrastive, chosen on validation data.
var contrastiveSettings = []string{
	"loss={contrastive: {}}",
	"sampler={balanced: {images_per_class: 6}}",
	"train.batch_size=60",
	"train.steps=600",
	"train.eval_every=150",
}

const (
	collapseSteps = 300
	collapsed     = 0.9 // a test AUC below it
)

// outcome is what one training came to, measured on the test pairs.
type outcome struct {
	Accuracy      float64  `json:"accuracy"` // at the threshold of best accuracy on validation
	AUC           float64  `json:"auc"`
	Seconds       float64  `json:"seconds"`                  // process start to end, training and test
	InitialWeight *float64 `json:"initial_weight,omitempty"` // of the dense layer on the distance
	Settings      []string `json:"settings,omitempty"`
}

// rowOf is one row of command siamese.
type rowOf struct {
	name string
	run  func(context.Context, options, *results) error
}

func siameseRows() []rowOf {
	return []rowOf{{"program1", program1}, {"collapse", collapse}, {"contrastive", contrastive}}
}

func rowNames() []string {
	var names []string
	for _, r := range siameseRows() {
		names = append(names, r.name)
	}
	return names
}

// siamese trains and tests whole programs.
func siamese(ctx context.Context, o options) error {
	r, err := openResults(o, "siamese")
	if err != nil {
		return err
	}
	for _, name := range o.rows {
		rows := siameseRows()
		i := slices.IndexFunc(rows, func(r rowOf) bool { return r.name == name })
		if i < 0 {
			return fmt.Errorf("row %q is none of %v", name, rowNames())
		}
		if err := rows[i].run(ctx, o, r); err != nil {
			return err
		}
	}
	return nil
}

// program1 is the mean of a few seeds. Keras trains only from a negative initial weight, and its
// mean over those is given as well.
func program1(ctx context.Context, o options, r *results) error {
	for _, name := range o.peers {
		list, err := outcomes(ctx, o, r, trial{row: "program1", peer: name, seeds: o.seeds})
		if err != nil {
			return err
		}
		describe(o, name+", all seeds", list)
		describe(o, name+", seeds that train", slices.DeleteFunc(list, outcome.isCollapsed))
	}
	return nil
}

func describe(o options, who string, list []outcome) {
	if len(list) == 0 {
		fmt.Fprintf(o.out, "%s: none\n", who)
		return
	}
	var accuracy, auc, seconds []float64
	for _, x := range list {
		accuracy, auc = append(accuracy, x.Accuracy), append(auc, x.AUC)
		seconds = append(seconds, x.Seconds)
	}
	fmt.Fprintf(o.out, "%s (%d): accuracy %.2f %%, AUC %.4f, %.1f s\n",
		who, len(list), 100*mean(accuracy), mean(auc), spread(seconds).Median)
}

// collapse counts the seeds whose training stays at chance.
func collapse(ctx context.Context, o options, r *results) error {
	for _, name := range o.peers {
		list, err := outcomes(ctx, o, r, trial{
			row: "collapse", peer: name, seeds: o.collapse, steps: collapseSteps,
		})
		if err != nil {
			return err
		}
		count := 0
		for _, x := range list {
			if x.isCollapsed() {
				count++
			}
		}
		fmt.Fprintf(o.out, "%s: %d of %d seeds collapsed within %d steps\n",
			name, count, len(list), collapseSteps)
	}
	return nil
}

func (x outcome) isCollapsed() bool { return x.AUC < collapsed }

// contrastive is tfpair with the contrastive loss on distinct images against Keras' program 1,
// one directly after the other.
func contrastive(ctx context.Context, o options, r *results) error {
	both, err := row(o, r, "contrastive", func() (map[string]outcome, error) {
		keras, err := trainPython(ctx, o, trial{peer: "keras"}, 0)
		if err != nil {
			return nil, err
		}
		ours, err := trainTFPair(ctx, o, 0, o.set...)
		return map[string]outcome{"keras": keras, "tfpair": ours}, err
	})
	if err != nil {
		return err
	}
	ours, keras := both["tfpair"], both["keras"]
	fmt.Fprintf(o.out, "contrastive: AUC %.4f in %.1f s, %.2f of Keras' %.1f s (AUC %.4f)\n",
		ours.AUC, ours.Seconds, ours.Seconds/keras.Seconds, keras.Seconds, keras.AUC)
	return nil
}

// trial is some trainings that differ in their seed alone.
type trial struct {
	row, peer string
	seeds     int // 0 to seeds-1
	steps     int // 0 is program 1's
}

func outcomes(ctx context.Context, o options, r *results, t trial) ([]outcome, error) {
	var list []outcome
	for seed := range t.seeds {
		id := fmt.Sprintf("%s/%s/seed=%d", t.row, t.peer, seed)
		x, err := row(o, r, id, func() (outcome, error) {
			if t.peer != "tfpair" {
				return trainPython(ctx, o, t, seed)
			}
			var set []string
			if t.steps > 0 {
				set = []string{fmt.Sprintf("train.steps=%d", t.steps),
					fmt.Sprintf("train.eval_every=%d", t.steps)}
			}
			return trainTFPair(ctx, o, seed, set...)
		})
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	return list, nil
}

func trainPython(ctx context.Context, o options, t trial, seed int) (outcome, error) {
	p, err := python(ctx, o, t.peer, "siamese")
	if err != nil {
		return outcome{}, err
	}
	argv := append(p.argv, "train", "--data", archive(o), "--pairs", testPairs(o),
		"--seed", strconv.Itoa(seed))
	if t.steps > 0 {
		argv = append(argv, "--steps", strconv.Itoa(t.steps))
	}
	var x struct { // its own "seconds" are an object
		outcome
		Seconds any `json:"seconds"`
	}
	seconds, err := complete(ctx, p.name, argv, &x)
	x.outcome.Seconds = seconds
	return x.outcome, err
}

// trainTFPair trains program 1, with settings, and tests it.
func trainTFPair(ctx context.Context, o options, seed int, set ...string) (outcome, error) {
	t := training{data: archive(o), settings: set, tests: [][]string{onTestPairs(o)}}
	reports, seconds, err := t.run(ctx, o, seed)
	if err != nil {
		return outcome{}, err
	}
	x := outcome{Seconds: seconds, Settings: set}
	for name, to := range map[string]*float64{"accuracy": &x.Accuracy, "auc": &x.AUC} {
		m, err := reports[0].find(name)
		if err != nil {
			return outcome{}, err
		}
		*to = m.Value
	}
	return x, nil
}

// siameseArguments are the command line of a training of program 1 into folder, with settings.
func siameseArguments(o options, folder string, set ...string) []string {
	return append(trainArguments(o, archive(o), folder, set...), "--preset", "siamese")
}
