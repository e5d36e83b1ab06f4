package cli

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/train"
	"github.com/tfpair/tfpair/runner/tune"
)

// tuneOptions are the options of tfpair tune.
type tuneOptions struct {
	data    dataOptions
	start   startOptions
	recipe  recipeOptions
	space   string  // YAML file of what is tried
	search  string  // YAML: a name from tune.Table, or that with its options
	trials  int     // most trials; 0: as many as the time or the grid allows
	minutes float64 // of all trials together; 0: no limit
	seeds   int     // trainings of the best settings with other seeds
	seed    uint64  // of the search
	out     string  // folder of the search
	machine machineOptions
	output  outputOptions

	limited struct{ trials, minutes bool } // the number was given
}

func newTuneCommand(streams IO) *cli.Command {
	var o tuneOptions
	c := &cli.Command{
		Name:  "tune",
		Usage: "try settings of a spec, and write the best one",
		Description: `Trains once for each trial, and judges trials on validation images. Images
that the data names as test are never opened. Writes the best settings as a spec for tfpair train.

You can stop a search at any moment. The same command goes on, and keeps the
trials that are finished.

The space file says what to try, a key a line: KEY: [VALUE, …], or
KEY: {min: …, max: …, log: true}.

` + examplesHead + `  printf 'loss: [bce, contrastive]\n' > space.yaml
  tfpair tune --data demo/pictures --space space.yaml --out search --search grid --seeds 1 --set train.steps=20
  tfpair train --data demo/pictures --spec search/best.yaml --out tuned`,
		Action: func(c *cli.Context) error {
			o.start.set, o.start.weights = c.StringSlice("set"), c.StringSlice("weights")
			o.limited.trials, o.limited.minutes = c.IsSet("trials"), c.IsSet("minutes")
			return runTune(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *tuneOptions) addFlags(c *cli.Command) {
	o.data.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "space", Destination: &o.space, Usage: "YAML `FILE` of what to try"},
		&cli.StringFlag{Name: "out", Destination: &o.out,
			Usage: "`FOLDER` of the search; a search that is there goes on if it is the same"})
	o.start.addFlags(c)
	o.recipe.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "search", Destination: &o.search, Value: "random",
			Usage: "`NAME` of the way to choose settings, from tfpair list --kind search, or a name with options: {halving: {factor: 4}}"},
		&cli.IntFlag{Name: "trials", Destination: &o.trials,
			Usage: "make at most `N` trials; random and halving need this or --minutes"},
		&cli.Float64Flag{Name: "minutes", Destination: &o.minutes,
			Usage: "begin no trial that would end more than `N` minutes after the first began"},
		&cli.IntFlag{Name: "seeds", Destination: &o.seeds, Value: 3,
			Usage: "train the best settings with `N` other seeds, for their mean and spread"},
		&cli.Uint64Flag{Name: "seed", Destination: &o.seed, Usage: "`SEED` of the search; equal seeds try equal settings"})
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "data", "space", "out")
}

// validate also refuses a search that sets no end.
func (o tuneOptions) validate() error {
	const most = math.MaxInt64 / float64(time.Minute)
	if err := require("tune", given{"data", o.data.path}, given{"space", o.space}, given{"out", o.out}); err != nil {
		return err
	}
	switch {
	case o.limited.trials && o.trials < 1:
		return usagef("--trials must be at least 1, got %d", o.trials)
	case o.limited.minutes && !(o.minutes > 0 && o.minutes < most):
		return usagef("--minutes must be above 0, got %g", o.minutes)
	case o.seeds < 0:
		return usagef("--seeds must be 0 or more, got %d", o.seeds)
	case !o.limited.trials && !o.limited.minutes && !strings.Contains(o.search, "grid"):
		return usagef("tune needs --trials N or --minutes M")
	}
	return cmp.Or(o.data.validate(), o.machine.validate())
}

func runTune(ctx context.Context, o tuneOptions, streams IO) error {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	config, err := o.config(ctx, out)
	if err != nil {
		return err
	}
	w := &tuneWatcher{out: out, metric: config.Spec.Train.Select}
	config.Begin, config.Observe, config.Training = w.begun, w.ended, w.training
	result, err := tune.Run(ctx, config)
	w.end()
	if err != nil {
		return stopped(ctx, err)
	}
	w.print(result, o.next(result.Spec))
	return out.emit("summary", result)
}

// next returns the command that trains with the best settings.
func (o tuneOptions) next(spec string) commandLine {
	return commandLine{"tfpair", "train"}.with(given{"spec", spec}).with(o.start.weightsFlags()...).
		with(o.data.flags()...).with(given{"out", freeName("run", "")}).with(o.machine.flags()...)
}

// config reads what the options name, and refuses a search that cannot begin. Opening the data
// may set how it is grouped.
func (o *tuneOptions) config(ctx context.Context, out output) (tune.Config, error) {
	t := tune.Config{Trials: o.trials, Time: time.Duration(o.minutes * float64(time.Minute)), Seeds: o.seeds,
		Seed: o.seed, Folder: o.out, Session: o.machine.session(), Store: o.data.reading.store(),
		SkipBad: o.data.reading.skip(), Now: time.Now}
	chosen, err := o.recipe.choose(ctx, &o.data, &o.start)
	if err != nil {
		return t, err
	}
	chosen.brief(out)
	if t.Resolved, t.Weights, err = o.start.read(ctx, out, o.out); err != nil {
		return t, err
	}
	g := grouping{data: &o.data, parted: parts(t.Spec), out: out}
	t.Open = func() (*dataset.Dataset, error) { return g.open(ctx) }
	text, err := regular.ReadFile(o.space, maxSpec)
	if err != nil {
		return t, usage(fmt.Errorf("read space: %w", err))
	}
	if t.Space, err = tune.ParseSpace(text, o.space); err != nil {
		return t, usage(err)
	}
	if err := yaml.Unmarshal([]byte(o.search), &t.Search); err != nil {
		return t, usagef("--search %q: %w", o.search, err)
	}
	return t, usage(t.Check())
}

// tuneWatcher tells how a search goes.
type tuneWatcher struct {
	out    output
	metric string
	what   string // the trial in hand: "trial 2 of 4"
	bar    *progress
}

func (w *tuneWatcher) begun(b tune.Begun) {
	w.what = fmt.Sprintf("trial %d of %d", b.Place, b.Of)
	if b.Again {
		w.what = fmt.Sprintf("seed %d of %d", b.Place, b.Of)
	}
}

func (w *tuneWatcher) end() {
	if w.bar != nil {
		w.bar.done()
	}
	w.bar = nil
}

// training shows the steps of the trial in hand.
func (w *tuneWatcher) training(e train.Event) {
	if s, ok := e.(train.Stepped); ok {
		if w.bar == nil {
			w.bar = newProgress(w.out, w.what, s.Steps, time.Now)
		}
		w.bar.at(s.Step, s.Steps, fmt.Sprintf("loss %.4f", s.Loss))
	}
}

func (w *tuneWatcher) ended(e tune.Event) {
	w.end()
	if err := w.out.emit("trial", e); err != nil {
		w.out.say("tfpair: print event: %v", err)
	}
	kept := ""
	if e.Kept {
		kept = ", kept from before"
	}
	w.out.say("trial %d, %s, seed %d: %s%s  (%s)", e.Number, count(e.Steps, "step"), e.Seed,
		w.outcome(e.Trial), kept, strings.Join(e.Set, " "))
}

// outcome says in a few words what a trial came to.
func (w *tuneWatcher) outcome(t tune.Trial) string {
	if t.Status != tune.Done {
		return t.Status + ": " + t.Reason
	}
	return fmt.Sprintf("%s %s at step %d, %.0f s", w.metric, valueOf(t), t.BestStep, t.Seconds)
}

// valueOf writes the value of a trial, and its interval.
func valueOf(t tune.Trial) string { return fmt.Sprintf("%.4f (%s)", t.Value, within(t.Low, t.High)) }

// bestTrials is how many trials a person is shown.
const bestTrials = 10

// print writes the result for a person.
func (w *tuneWatcher) print(r *tune.Result, next commandLine) {
	t := newTable("trial", "steps", r.Metric, "settings")
	for _, trial := range r.Trials[:min(bestTrials, len(r.Trials))] {
		value := trial.Status
		if trial.Status == tune.Done {
			value = valueOf(trial)
		}
		t.AppendRow(table.Row{trial.Number, trial.Steps, value, strings.Join(trial.Set, " ")})
	}
	w.out.print("%s", t)
	if more := len(r.Trials) - bestTrials; more > 0 {
		w.out.print("\nand %d more in trials.csv", more)
	}
	w.out.print("\nbest: trial %d, %s %s, the best of %s, so too good to be expected again",
		r.Best.Number, r.Metric, valueOf(r.Best), count(len(r.Trials), "training"))
	if len(r.Best.Doubts) > 0 {
		w.out.say("      %s", doubtful(r.Best.Doubts))
	}
	if len(r.Seeds) > 0 {
		w.out.print("its settings with %s: mean %.4f, standard deviation %.4f",
			count(len(r.Seeds), "other seed"), r.Mean, r.Std)
	}
	w.out.print("wrote %s", r.Spec)
	w.out.say("next: %s", next)
}
