package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/recipe"
	"github.com/tfpair/tfpair/runner/train"
	"github.com/tfpair/tfpair/runner/tune"
)

// leastMinutes is what a training has that a search has left no time.
const leastMinutes = 1e-3

// tries returns what the recipe wants tried, but for sections of the spec that the command line names.
func (o *trainOptions) tries(c *decision) []recipe.Try {
	if c == nil || c.choice == nil || o.start.file != "" {
		return nil
	}
	section := func(key string) string {
		return strings.FieldsFunc(key, func(r rune) bool { return r == '.' || r == '=' })[0]
	}
	return slices.DeleteFunc(slices.Clone(c.choice.Try), func(t recipe.Try) bool {
		return slices.ContainsFunc(o.start.set, func(set string) bool { return section(set) == section(t.Key) })
	})
}

// trying says what is tried, "" for nothing.
func trying(tries []recipe.Try) string {
	n, keys := 1, []string(nil)
	for _, t := range tries {
		n, keys = n*len(t.Values), append(keys, t.Key)
	}
	if keys == nil {
		return ""
	}
	return fmt.Sprintf("%s of %s on validation; one that is clearly better than the recipe's own is trained", count(n, "setting"), strings.Join(keys, " and "))
}

// try searches for the best settings of what the recipe wants tried, in a folder inside the run's, and returns r with them. A search
// that was stopped goes on.
func (o *trainOptions) try(ctx context.Context, tries []recipe.Try, g *grouping, r *train.Resolved, pretrained []*weights.File) (*train.Resolved, error) {
	if len(tries) == 0 {
		return r, nil
	}
	if err := run.CheckFree(o.out); err != nil {
		return nil, usage(fmt.Errorf("--out: %w", err))
	}
	var lines []string
	for _, t := range tries {
		lines = append(lines, fmt.Sprintf("%s: [%s]", t.Key, strings.Join(t.Values, ", ")))
	}
	space, err := tune.ParseSpace([]byte(strings.Join(lines, "\n")), "recipe")
	if err != nil {
		return nil, err
	}
	began := time.Now()
	w := &tuneWatcher{out: g.out, metric: r.Spec.Train.Select}
	result, err := tune.Run(ctx, tune.Config{Resolved: r, Space: space, Search: named.Choice{Name: "grid"}, Seed: uint64(r.Spec.Train.Seed),
		Time: time.Duration(o.minutes * float64(time.Minute)), Folder: run.Search(o.out), Weights: pretrained, Session: o.machine.session(), Store: o.data.reading.store(), SkipBad: o.data.reading.skip(),
		Open:  func() (*dataset.Dataset, error) { return g.open(ctx) },
		Begin: w.begun, Observe: w.ended, Training: w.training, Now: time.Now})
	w.end()
	if err != nil {
		return nil, stopped(ctx, err)
	}
	if o.minutes > 0 { // of what is left, the training saves at least where it begins
		o.minutes = max(o.minutes-time.Since(began).Minutes(), leastMinutes)
	}
	chosen := settled(result, tries)
	g.out.say("tuned     %s: %s %s of %d; the others: %s", strings.Join(chosen.Set, " "), result.Metric, valueOf(chosen),
		len(result.Trials), run.Search(o.out))
	s, err := r.Spec.Set(chosen.Set...)
	if err != nil {
		return nil, err
	}
	return train.ResolveWith(s, r.Own)
}

// settled returns the best trial where it beats that of the recipe's own settings by more than a standard error of this, else
// that: validation cannot tell them apart, and the best of several looks better than it is.
func settled(r *tune.Result, tries []recipe.Try) tune.Trial {
	isOwn := func(t tune.Trial) bool {
		return !slices.ContainsFunc(tries, func(try recipe.Try) bool { return !slices.Contains(t.Set, try.Key+"="+try.Values[0]) })
	}
	at := slices.IndexFunc(r.Trials, isOwn)
	if at < 0 || r.Trials[at].Status != tune.Done {
		return r.Best
	}
	own := r.Trials[at]
	const errors = 2 * 1.96 // standard errors that an interval of 95 % is wide
	if math.Abs(r.Best.Value-own.Value) > (own.High-own.Low)/errors {
		return r.Best
	}
	return own
}
