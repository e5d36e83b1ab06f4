// Package tune looks for settings of a spec that train well:
//
//	spec, space → search → trials, a run folder each → validation → table, best spec → seeds
//
// Trials are judged on validation data alone: images that the data names as test
// are never opened. The value of the best is too high for that, being the best of many; the
// package trains its settings again with other seeds, and leaves the one look at test to
// evaluate. A search that was cut off goes on when it is run again. It prints nothing.
package tune

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/train"
)

// Config says what to search.
type Config struct {
	*train.Resolved // of the spec that settings are made over; its train.steps is a whole training
	Space           *Space
	Search          named.Choice  // of Table
	Trials          int           // most; 0: as many as the search has
	Time            time.Duration // of all trials; 0: no limit
	Seeds           int           // trainings of the best settings with seeds of their own; >= 0
	Seed            uint64        // of the search
	Folder          string        // made, or gone on with
	// Open opens the data, anew for each training.
	Open     func() (*dataset.Dataset, error)
	Weights  []*weights.File // that backbones start from, in every trial; nil: random ones
	Session  session.Options
	Store    pipeline.StoreOptions
	SkipBad  float64
	Begin    func(Begun)       // may be nil
	Observe  func(Event)       // may be nil
	Training func(train.Event) // may be nil; told of each training
	Now      func() time.Time
}

// Begun is a training that begins, or goes on.
type Begun struct {
	Trial
	Place int  // of the trials of this many steps, from 1
	Of    int  // trials of this many steps
	Again bool // it repeats the best trial with another seed: Place and Of count those
}

// Event is a training that has ended, now or before.
type Event struct {
	Trial
	Of   int  `json:"of"`   // trials of this many steps
	Kept bool `json:"kept"` // it had ended before
}

// Result is what a search came to. Fields are only ever added.
type Result struct {
	Metric string        `json:"metric"` // train.select
	Better metric.Better `json:"better"`
	Trials []Trial       `json:"trials"` // best first, of those of the most steps; then the others
	Best   Trial         `json:"best"`
	Spec   string        `json:"spec"`  // path of the best spec
	Seeds  []Trial       `json:"seeds"` // the best settings with other seeds, on splits of theirs
	Mean   float64       `json:"mean"`  // over the seeds that ended well; 0 where none did
	Std    float64       `json:"std"`   // with n−1; 0 where fewer than two did
}

// SpaceError says that no trial of a space can be trained.
type SpaceError struct {
	Name string // of the space's file, as ParseSpace was told
	Err  error
}

func (e *SpaceError) Error() string { return fmt.Sprintf("%s: space: %v", e.Name, e.Err) }

// Unwrap returns what is wrong with it.
func (e *SpaceError) Unwrap() error { return e.Err }

// ErrNoneDone says that no trial ended well.
var ErrNoneDone = errors.New("no trial ended well")

// tuner is a search in progress.
type tuner struct {
	Config
	plan        Plan
	record      *record
	fingerprint string
	pixels      sharedPixels
}

// Run searches until all trials are done, time is up, or ctx is cancelled: then the
// training in hand is saved and the error is a *train.InterruptedError. Errors that are
// found before the first trial: *SpaceError,
// *FolderError, and those of opening data. Then: those of train.Run that are no trial's
// own fault, and ErrNoneDone.
func Run(ctx context.Context, c Config) (*Result, error) {
	u := &tuner{Config: c}
	if u.Begin == nil {
		u.Begin = func(Begun) {}
	}
	if u.Observe == nil {
		u.Observe = func(Event) {}
	}
	var err error
	if u.plan, err = c.check(); err != nil {
		return nil, err
	}
	data, err := c.Open()
	if err != nil {
		return nil, err
	}
	defer data.Close() // read only
	u.fingerprint = data.Fingerprint()
	h, err := c.head(u.fingerprint)
	if err != nil {
		return nil, err
	}
	if u.record, err = openRecord(c.Folder, h, c.Space.keys()); err != nil {
		return nil, err
	}
	u.pixels = sharedPixels{options: c.Store, session: c.Session, data: data}
	if u.pixels.options.SpillDir == "" {
		u.pixels.options.SpillDir = c.Folder // as a training spills into its run folder
	}
	result, err := u.search(ctx)
	if err == nil {
		err = os.RemoveAll(filepath.Dir(u.features()))
	}
	return result, errors.Join(err, u.pixels.close())
}

// features returns the path of what frozen backbones make of images, which trials share.
func (u *tuner) features() string { return filepath.Join(u.Folder, "cache", "features") }

// Check says what is wrong with a search as far as that can be known without data.
func (c Config) Check() error {
	_, err := c.check()
	return err
}

// check returns the plan of a search that can begin.
func (c Config) check() (Plan, error) {
	refuse := func(err error) (Plan, error) { return Plan{}, &SpaceError{c.Space.name, err} }
	if c.Spec.Train.Steps == 0 {
		return refuse(errors.New("train.steps is 0, so that no trial learns anything"))
	}
	for _, d := range c.Space.dimensions {
		for _, value := range d.examples() {
			if err := c.checkValue(d.key + "=" + value); err != nil {
				return refuse(err)
			}
		}
	}
	search, err := Table.New(&c.Search)
	if err != nil {
		return Plan{}, err
	}
	plan, err := search(c.Space, c.Trials, c.Spec.Train.Steps, c.Seed)
	if err != nil {
		return refuse(err)
	}
	for _, set := range plan.Settings { // one that can be trained is enough
		if _, err = (Trial{Set: set, Steps: plan.Rungs[0]}).resolve(c.Resolved); err == nil {
			return plan, nil
		}
	}
	return refuse(fmt.Errorf("none of %s can be trained: %w", plural.Count(len(plan.Settings), "trial"), err))
}

// checkValue refuses an assignment that no other one could make right.
func (c Config) checkValue(assignment string) error {
	s, err := c.Spec.Set(assignment)
	if err != nil {
		return err
	}
	var misfit *graphs.MisfitError
	if _, err := c.Own.Resolve(s); err != nil && !errors.As(err, &misfit) {
		return fmt.Errorf("%s: %w", assignment, err)
	}
	return nil
}

// head describes the search. The number of trials is a part of it where the plan of a
// few is not the beginning of the plan of more.
func (c Config) head(fingerprint string) (head, error) {
	text, err := c.Spec.Marshal()
	if err != nil {
		return head{}, err
	}
	options, err := c.Search.Options()
	if err != nil {
		return head{}, err
	}
	search, err := flow(options)
	if err != nil {
		return head{}, err
	}
	search = c.Search.Name + " " + search
	if c.Search.Name == "halving" {
		search += fmt.Sprintf(", %d trials", c.Trials)
	}
	return head{Spec: string(text), Space: c.Space.String(), Search: search, Seed: c.Seed,
		Fingerprint: fingerprint}, nil
}

// search runs the trials of every rung, then the best settings again with other seeds.
func (u *tuner) search(ctx context.Context) (*Result, error) {
	r := &Result{Metric: u.Select.Key, Better: u.Select.Better}
	numbers := make([]int, len(u.plan.Settings))
	for i := range numbers {
		numbers[i] = i
	}
	var rung []Trial
	for i, steps := range u.plan.Rungs {
		ended, err := u.climb(ctx, numbers, steps)
		if err != nil {
			return nil, err
		}
		if len(ended) == 0 { // time is up; the rung below decides
			break
		}
		rung = u.ranked(ended)
		r.Trials = append(slices.Clone(rung), r.Trials...)
		if i < len(u.plan.Keep) {
			numbers = numbers[:0]
			for _, t := range rung[:min(u.plan.Keep[i], len(rung))] {
				if t.Status == Done {
					numbers = append(numbers, t.Number)
				}
			}
		}
	}
	if len(rung) == 0 || rung[0].Status != Done {
		return nil, fmt.Errorf("%w: see %s in %q", ErrNoneDone, trialsName, u.Folder)
	}
	r.Best = rung[0]
	return r, u.repeat(ctx, r)
}

// climb runs trials for the given steps, as far as time allows.
func (u *tuner) climb(ctx context.Context, numbers []int, steps int) ([]Trial, error) {
	var ended []Trial
	for i, number := range numbers {
		t := Trial{Number: number, Set: u.plan.Settings[number], Steps: steps, Seed: u.Spec.Train.Seed}
		if _, kept := u.record.find(t); !kept && u.late() {
			break
		}
		t, err := u.end(ctx, Begun{Trial: t, Place: i + 1, Of: len(numbers)}, runsName)
		if err != nil {
			return nil, err
		}
		ended = append(ended, t)
	}
	return ended, nil
}

// late reports whether one more trial, as long as the others on average, would end after
// the time of all.
func (u *tuner) late() bool {
	spent, n := 0.0, 0.0
	for _, t := range u.record.trials {
		if t.Seed == u.Spec.Train.Seed { // the others are repetitions
			spent += t.Seconds
			n++
		}
	}
	return u.Time > 0 && n > 0 && spent+spent/n > u.Time.Seconds()
}

// end returns a training that has ended: as it is kept, or trained and kept now.
func (u *tuner) end(ctx context.Context, b Begun, runs string) (Trial, error) {
	kept, ok := u.record.find(b.Trial)
	if ok {
		u.Observe(Event{Trial: kept, Of: b.Of, Kept: true})
		return kept, nil
	}
	u.Begin(b)
	t, err := u.try(ctx, b.Trial, runs)
	if err != nil {
		return t, err
	}
	u.Observe(Event{Trial: t, Of: b.Of})
	return t, u.record.add(t)
}

// ranked returns the trials best first: those that ended well by value, then the others.
func (u *tuner) ranked(trials []Trial) []Trial {
	trials = slices.Clone(trials)
	slices.SortStableFunc(trials, func(a, b Trial) int {
		switch {
		case a.Status != b.Status:
			return cmp.Compare(rank(a.Status), rank(b.Status))
		case u.Select.Better.Than(a.Value, b.Value):
			return -1
		case u.Select.Better.Than(b.Value, a.Value):
			return 1
		case u.Select.Better.Than(a.Later, b.Later): // both made it worse than it was at the start
			return -1
		case u.Select.Better.Than(b.Later, a.Later):
			return 1
		}
		return 0
	})
	return trials
}

func rank(status string) int { return slices.Index([]string{Done, Diverged, Refused}, status) }

// repeat writes the best spec, and trains it with the seeds that follow its own.
func (u *tuner) repeat(ctx context.Context, r *Result) error {
	best, err := r.Best.resolve(u.Resolved)
	if err != nil {
		return err
	}
	text, err := best.Spec.Marshal()
	if err != nil {
		return err
	}
	if err := u.record.write(bestName, text); err != nil {
		return err
	}
	r.Spec = filepath.Join(u.Folder, bestName)
	for i := range u.Seeds {
		t := r.Best
		t.Seed += int64(i + 1)
		t.Status, t.Reason, t.Run = "", "", ""
		runs := filepath.Join(seedsName, strconv.FormatInt(t.Seed, 10))
		if t, err = u.end(ctx, Begun{Trial: t, Place: i + 1, Of: u.Seeds, Again: true}, runs); err != nil {
			return err
		}
		r.Seeds = append(r.Seeds, t)
	}
	r.Mean, r.Std = moments(r.Seeds)
	return nil
}

// moments returns mean and standard deviation of the values of those that ended well.
func moments(trials []Trial) (mean, std float64) {
	n := 0.0
	for _, t := range trials {
		if t.Status == Done {
			mean += t.Value
			n++
		}
	}
	if n == 0 {
		return 0, 0
	}
	mean /= n
	for _, t := range trials {
		if t.Status == Done {
			std += (t.Value - mean) * (t.Value - mean)
		}
	}
	if n < 2 {
		return mean, 0
	}
	return mean, math.Sqrt(std / (n - 1))
}
