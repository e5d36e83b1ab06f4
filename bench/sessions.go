package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// sessionDraws is how many trainings of each row draw their own part for test.
const sessionDraws = 5

// sessionSpace is a search among one setting: its trainings share the features of photos.
const sessionSpace = "optimizer.adam.lr: [3e-3]\n"

// sessions says what trainings report of photos that they kept for test, and what is true of
// photos of other days.
type sessions struct {
	Kept  []measured `json:"kept"`       // recall@1 by the command that train prints, a draw each
	Other measured   `json:"other_days"` // recall@1 of the first training on photos of other days
}

// compareSessions measures photos of groceries whose names tell no session: parted at random, and
// by look.
func compareSessions(ctx context.Context, o options) error {
	l, r, err := openLabels(ctx, o, "sessions")
	if err != nil {
		return err
	}
	for _, list := range [][2]string{{"train", "test"}, {"test", "train"}} {
		for _, by := range []string{"look", "none"} {
			x, err := row(o, r, list[0]+"/"+by, func() (sessions, error) { return l.sessions(ctx, list[0], list[1], by) })
			if err != nil {
				return err
			}
			var kept []float64
			for _, m := range x.Kept {
				kept = append(kept, 100*m.Value)
			}
			fmt.Fprintf(o.out, "photos of %s, --group-by %s, %d draws: recall@1 %.1f %% (%.1f to %.1f), photos of other days %.1f %%\n",
				list[0], by, len(kept), mean(kept), slices.Min(kept), slices.Max(kept), 100*x.Other.Value)
		}
	}
	return nil
}

// sessions trains on a list as often as there are draws, and measures other on one of them.
func (l labelBench) sessions(ctx context.Context, list, other, by string) (x sessions, err error) {
	folder, err := os.MkdirTemp("", "tfpair-sessions-")
	if err != nil {
		return x, err
	}
	defer os.RemoveAll(folder)
	runs, err := l.draws(ctx, folder, list, by)
	if err != nil {
		return x, err
	}
	for _, run := range runs {
		m, err := l.recall(ctx, run, "--data", l.list(list), "--group-by", by)
		if err != nil {
			return x, err
		}
		x.Kept = append(x.Kept, m)
	}
	x.Other, err = l.recall(ctx, runs[0], "--data", l.list(other))
	return x, err
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
