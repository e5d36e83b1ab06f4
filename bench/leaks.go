package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

const (
	leakTrain     = 1500 // photos of train, as they are
	leakTest      = 800  // of test
	leakPlanted   = 200  // copies of photos of train that are put into test
	leakConflicts = 30   // copies of photos of train that are put into another class of train
	leakPairs     = 200  // of the list of pairs
)

// leaksNamed is what one tfpair check names of what was planted.
type leaksNamed struct {
	Found     map[string]int `json:"found"`     // planted copies that are named as a leak of their photo, by how they were made
	False     int            `json:"false"`     // photos of test that are named as a leak
	Resembles int            `json:"resembles"` // of them, those that are only called resembling, by the model
	Conflicts int            `json:"contradictions"`
	process
}

// leaksFound is what command leaks measures.
type leaksFound struct {
	Photos    map[string]int        `json:"photos"`         // by split, without what is planted
	Planted   map[string]int        `json:"planted"`        // by how copies were made
	Conflicts int                   `json:"contradictions"` // planted: copies in another class
	Clean     int                   `json:"clean_code"`     // exit code before anything is planted, with all of --fail-on
	Named     map[string]leaksNamed `json:"named"`          // by the options of check
}

// leaks measures what tfpair check names of copies across splits, of labels that contradict each other, and of
// a list of pairs that says different where it means same.
func leaks(ctx context.Context, o options) error {
	r, err := openResults(o, "leaks")
	if err != nil {
		return err
	}
	l, err := row(o, r, "leaks/grocery", func() (leaksFound, error) {
		return withFolder(func(folder string) (leaksFound, error) { return findLeaks(ctx, o, folder) })
	})
	if err != nil {
		return err
	}
	p, err := row(o, r, "inverted/grocery", func() (pairsTurned, error) {
		return withFolder(func(folder string) (pairsTurned, error) { return turnPairs(ctx, o, folder) })
	})
	if err != nil {
		return err
	}
	l.print(o.out)
	fmt.Fprintf(o.out, "inverted: AUC %.2f, exit code %d; with %s %.2f, exit code %d\n", p.Auc[0], p.Code, p.Columns, p.Mended[0], p.After)
	return nil
}

// print prints a line for each way of checking.
func (l leaksFound) print(w io.Writer) {
	fmt.Fprintf(w, "without copies: exit code %d\n", l.Clean)
	for _, check := range leakChecks {
		n := l.Named[check]
		fmt.Fprintf(w, "check %s: exit code %d;", check, n.Code)
		for _, way := range copyWays {
			fmt.Fprintf(w, " %s %d of %d,", way.name, n.Found[way.name], l.Planted[way.name])
		}
		fmt.Fprintf(w, " contradictions %d of %d, others named %d of %d, %d of these as resembling\n", n.Conflicts, l.Conflicts,
			n.False, l.Photos["test"], n.Resembles)
	}
}

// leakModel stands for the folder of a model in leakChecks.
const leakModel = "efficientnet-lite0"

// leakChecks are options of check, between blanks.
var leakChecks = []string{
	"--fail-on leaks",
	"--fail-on contradictions",
	"--fail-on unreadable",
	"--fail-on leaks --copies alike",
	"--fail-on leaks --model " + leakModel,
}

func findLeaks(ctx context.Context, o options, folder string) (l leaksFound, err error) {
	data := filepath.Join(folder, "data")
	p, err := plantable(o, data)
	if err != nil {
		return l, err
	}
	check := []string{"check", "--data", data, "--cache", filepath.Join(folder, "prints")}
	var said leaksSaid
	before, err := o.ask(ctx, &said, slices.Concat(check, []string{"--fail-on", "leaks,contradictions"})...)
	if err != nil {
		return l, err
	}
	l = leaksFound{Photos: map[string]int{"train": len(p.train), "test": len(p.test)}, Planted: map[string]int{}, Clean: before.Code,
		Conflicts: leakConflicts, Named: map[string]leaksNamed{}}
	planted, err := p.plant(l.Planted)
	if err != nil {
		return l, err
	}
	model := filepath.Join(folder, "model")
	if err := exportWeights(ctx, o, model); err != nil {
		return l, err
	}
	for _, options := range leakChecks {
		with := strings.Fields(options)
		if at := slices.Index(with, leakModel); at >= 0 {
			with[at] = model
		}
		var said leaksSaid
		ended, err := o.ask(ctx, &said, slices.Concat(check, with)...)
		if err != nil {
			return l, err
		}
		n := said.named(planted)
		n.process = ended
		l.Named[options] = n
	}
	return l, nil
}

// exportWeights writes a model of EfficientNet-Lite0 as others trained it.
func exportWeights(ctx context.Context, o options, to string) error {
	weights, err := fetchWeights(ctx, o)
	if err != nil {
		return err
	}
	_, err = o.ask(ctx, &struct{}{}, "export", "--weights", weights, "--out", to)
	return err
}

// leaksSaid is the summary of tfpair check.
type leaksSaid struct {
	Leaks          []leakSaid
	Contradictions []leakSaid
	Findings       []struct{ Kind, Mend string }
	Pairs          struct {
		Likeness struct {
			AUC      float64
			Interval struct{ Low, High float64 }
		}
	}
}

// leakSaid is a picture and what it is a copy of.
type leakSaid struct{ Kind, Path, Of string }

// named compares what check said with what was planted.
func (s leaksSaid) named(planted map[string]plantedCopy) leaksNamed {
	n := leaksNamed{Found: map[string]int{}}
	for _, l := range s.Leaks {
		p, ok := planted[l.Path]
		switch {
		case ok && l.Of == p.of:
			n.Found[p.way]++
		case !ok:
			n.False++
			if l.Kind == "resembles" {
				n.Resembles++
			}
		}
	}
	for _, l := range s.Contradictions { // the first of two by path is what the other contradicts
		if p, ok := planted[l.Path]; ok && p.of == l.Of {
			n.Conflicts++
		} else if p, ok := planted[l.Of]; ok && p.of == l.Path {
			n.Conflicts++
		}
	}
	return n
}
