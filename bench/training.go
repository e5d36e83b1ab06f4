package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tfpair/tfpair/runner/metric"
)

// training is one training and what it is measured on: two or more processes, as a person
// would give the commands, whose times are added.
type training struct {
	data      string     // of the training
	settings  []string   // over the preset
	preset    string     // "" is siamese
	arguments []string   // others of the training
	tests     [][]string // arguments of each evaluation, after --model
	keep      string     // folder of the run, which goes on if it is there; "": one that is removed

	took *usage                 // what the training alone took; may be nil
	look func(run string) error // at the run folder before it is removed; may be nil
}

// measured is a number that an evaluation reports.
type measured struct {
	Name     string          `json:"name"`
	Value    float64         `json:"value"`
	Interval metric.Interval `json:"interval"`
}

// report is what an evaluation reports, as far as rows look at it.
type report struct {
	Metrics   []measured `json:"metrics"`
	Retrieval []measured `json:"retrieval"`
	Error     *measured  `json:"error,omitempty"` // of episodes
	Wrong     struct {
		FalseAccepts measured `json:"false_accepts"`
		FalseRejects measured `json:"false_rejects"`
	} `json:"wrong_answers"`
	Probability calibrated `json:"probability"`
}

// find returns the number with the given name.
func (r report) find(name string) (measured, error) {
	for _, m := range slices.Concat(r.Metrics, r.Retrieval) {
		if m.Name == name {
			return m, nil
		}
	}
	if r.Error != nil && name == "error" {
		return *r.Error, nil
	}
	return measured{}, fmt.Errorf("tfpair evaluate reports no %q", name)
}

// run trains and evaluates, and returns the reports and the seconds of all processes.
func (t training) run(ctx context.Context, o options, seed int) ([]report, float64, error) {
	folder, err := os.MkdirTemp("", "tfpair-bench-")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(folder)
	run := cmp.Or(t.keep, filepath.Join(folder, "run"))
	settings := append([]string{fmt.Sprintf("train.seed=%d", seed)}, t.settings...)
	argv := append(trainArguments(o, t.data, run, settings...), t.arguments...)
	argv = append(argv, "--preset", cmp.Or(t.preset, "siamese"))
	took, err := completeUsing(ctx, "tfpair train", argv, &line{})
	if err != nil {
		return nil, 0, err
	}
	if t.took != nil {
		*t.took = took
	}
	total := took.Seconds
	var reports []report
	for _, test := range t.tests {
		var r report
		seconds, err := complete(ctx, "tfpair evaluate",
			append([]string{o.tfpair, "evaluate", "--json", "--model", run}, test...), &r)
		if err != nil {
			return nil, 0, err
		}
		reports, total = append(reports, r), total+seconds
	}
	if t.look != nil {
		if err := t.look(run); err != nil {
			return nil, 0, err
		}
	}
	return reports, total, nil
}

// trainArguments are the command line of every training: on data, into folder, with settings.
func trainArguments(o options, data, folder string, settings ...string) []string {
	argv := []string{o.tfpair, "train", "--data", data, "--out", folder, "--json",
		"--set", "train.test=0"} // tests are data of their own
	for _, s := range settings {
		argv = append(argv, "--set", s)
	}
	return argv
}

// onTestPairs are the arguments of an evaluation on the fixed test pairs.
func onTestPairs(o options) []string {
	return []string{"--data", testPairs(o), "--images", archive(o), "--split", "test"}
}
