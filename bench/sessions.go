package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// sessionDraws is how many trainings of each row draw their own part for test.
const sessionDraws = 5

// sessionSpace is a search among one setting: its trainings share the features of photos.
const sessionSpace = "optimizer.adam.lr: [3e-3]\n"

// compareSessions measures photos of groceries whose names tell no session: the part that a training
// keeps for test, parted at random and by look, by the command that the training prints; and
// photos of other days.
func compareSessions(ctx context.Context, o options) error {
	l, r, err := openLabels(ctx, o, "sessions")
	if err != nil {
		return err
	}
	for _, list := range [][2]string{{"train", "test"}, {"test", "train"}} {
		for _, by := range []string{"look", "none"} {
			if err := l.sessions(ctx, r, list[0], list[1], by); err != nil {
				return err
			}
		}
	}
	return nil
}

// sessions trains on a list as often as there are draws, and measures other on the first of them.
func (l labelBench) sessions(ctx context.Context, r *results, list, other, by string) error {
	folder, err := os.MkdirTemp("", "tfpair-sessions-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	trained := sync.OnceValues(func() ([]string, error) { return l.draws(ctx, folder, list, by) })
	measure := func(draw int, data ...string) func() (measured, error) {
		return func() (measured, error) {
			runs, err := trained()
			if err != nil {
				return measured{}, err
			}
			return l.recall(ctx, runs[draw], data...)
		}
	}
	var kept []float64
	for draw := range sessionDraws {
		x, err := row(l.options, r, fmt.Sprintf("%s/%s/draw=%d", list, by, draw),
			measure(draw, "--data", l.list(list), "--group-by", by))
		if err != nil {
			return err
		}
		kept = append(kept, 100*x.Value)
	}
	x, err := row(l.options, r, fmt.Sprintf("%s/%s/other days", list, by), measure(0, "--data", l.list(other)))
	if err != nil {
		return err
	}
	fmt.Fprintf(l.options.out, "photos of %s, --group-by %s, %d draws: recall@1 %.1f %% (%.1f to %.1f), photos of other days %.1f %%\n",
		list, by, len(kept), mean(kept), slices.Min(kept), slices.Max(kept), 100*x.Value)
	return nil
}

// draws trains a head as often as there are draws, and returns the run folders.
func (l labelBench) draws(ctx context.Context, folder, list, by string) ([]string, error) {
	space, search := filepath.Join(folder, "space.yaml"), filepath.Join(folder, "search")
	if err := os.WriteFile(space, []byte(sessionSpace), 0o600); err != nil {
		return nil, err
	}
	argv := []string{l.options.tfpair, "tune", "--data", l.list(list), "--group-by", by, "--space", space, "--search", "grid",
		"--seeds", fmt.Sprint(sessionDraws - 1), "--out", search, "--json", "--preset", "image-label", "--weights", l.weights}
	for _, s := range headSettings {
		argv = append(argv, "--set", s)
	}
	var result struct {
		Best  struct{ Run string }
		Seeds []struct{ Run string }
	}
	if _, err := complete(ctx, "tfpair tune", argv, &result); err != nil {
		return nil, err
	}
	runs := []string{filepath.Join(search, result.Best.Run)}
	for _, s := range result.Seeds {
		runs = append(runs, filepath.Join(search, s.Run))
	}
	return runs, nil
}

// recall evaluates a run.
func (l labelBench) recall(ctx context.Context, run string, data ...string) (measured, error) {
	var r report
	if _, err := complete(ctx, "tfpair evaluate",
		append([]string{l.options.tfpair, "evaluate", "--json", "--model", run}, data...), &r); err != nil {
		return measured{}, err
	}
	return r.find("recall@1")
}
