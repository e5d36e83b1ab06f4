package cli

import (
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/train"
	"github.com/tfpair/tfpair/runner/tune"
)

func newTuneCommand(streams IO) *cli.Command {
	flags := append(dataFlags(), specFlags()...)
	flags = append(flags,
		&cli.StringFlag{Name: "space",
			Usage: "YAML `FILE` of what to try: KEY: [VALUE, …] or KEY: {min: …, max: …, log: true}"},
		weightsFlag(),
		&cli.StringFlag{Name: "search", Value: "random",
			Usage: "random, grid, halving or {halving: {factor: 4}}: tfpair list"},
		&cli.IntFlag{Name: "trials", Usage: "most trials to make; a grid may do without"},
		&cli.Float64Flag{Name: "minutes",
			Usage: "begin no trial that would end later, all trials together"},
		&cli.IntFlag{Name: "seeds", Value: 3,
			Usage: "trainings of the best settings with other seeds, for mean and spread"},
		&cli.Uint64Flag{Name: "seed", Usage: "of the search"},
		&cli.StringFlag{Name: "out", Usage: "`FOLDER` of the search: made, or gone on with"})
	return &cli.Command{
		Name:  "tune",
		Usage: "try settings of a spec, and write the best one",
		Description: "Trials are judged on validation data; images of test are never opened. Stopped at any\n" +
			"moment, the same command goes on; finished trials are kept.",
		Flags:  append(append(flags, machineFlags()...), outputFlags()...),
		Action: func(c *cli.Context) error { return runTune(c, newOutput(c, streams)) },
	}
}

func runTune(c *cli.Context, out output) error {
	if err := need(c, "data", "space", "out"); err != nil {
		return err
	}
	config, err := tuneConfig(c, out)
	if err != nil {
		return err
	}
	w := &tuneWatcher{out: out, metric: config.Spec.Train.Select}
	config.Observe, config.Training = w.ended, w.training
	result, err := tune.Run(c.Context, config)
	w.end()
	if err != nil {
		return stopped(c.Context, err)
	}
	w.print(result, c.String("data"))
	return out.emit("summary", result)
}

// tuneConfig reads the flags, and refuses a search that cannot begin.
func tuneConfig(c *cli.Context, out output) (tune.Config, error) {
	t := tune.Config{Trials: c.Int("trials"), Seeds: c.Int("seeds"), Seed: c.Uint64("seed"),
		Folder: c.String("out"), Store: storeOptions(c), Now: time.Now,
		Open: func() (*dataset.Dataset, error) { return openData(c) }}
	var err error
	if t.Time, err = tuneTime(c); err != nil {
		return t, err
	}
	if t.Resolved, t.Weights, err = readSpecAndWeights(c, out); err != nil {
		return t, err
	}
	text, err := os.ReadFile(c.String("space"))
	if err != nil {
		return t, usage(fmt.Errorf("read space: %w", err))
	}
	if t.Space, err = tune.ParseSpace(text, c.String("space")); err != nil {
		return t, usage(err)
	}
	if err := yaml.Unmarshal([]byte(c.String("search")), &t.Search); err != nil {
		return t, usagef("--search %q: %w", c.String("search"), err)
	}
	if t.Session, err = sessionOptions(c); err != nil {
		return t, err
	}
	if t.SkipBad, err = skipShare(c); err != nil {
		return t, err
	}
	return t, usage(t.Check())
}

// tuneTime returns the time of all trials, and refuses flags that set no end, or a wrong one.
func tuneTime(c *cli.Context) (time.Duration, error) {
	trials, minutes := c.Int("trials"), c.Float64("minutes")
	const most = math.MaxInt64 / float64(time.Minute)
	switch {
	case c.IsSet("trials") && trials < 1:
		return 0, usagef("--trials must be at least 1, got %d", trials)
	case c.IsSet("minutes") && !(minutes > 0 && minutes < most):
		return 0, usagef("--minutes must be above 0, got %g", minutes)
	case c.Int("seeds") < 0:
		return 0, usagef("--seeds must be 0 or more, got %d", c.Int("seeds"))
	case trials == 0 && minutes == 0 && !strings.Contains(c.String("search"), "grid"):
		return 0, usagef("tune needs --trials N or --minutes M")
	}
	return time.Duration(minutes * float64(time.Minute)), nil
}

// tuneWatcher tells how a search goes.
type tuneWatcher struct {
	out    output
	metric string
	bar    *progress
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
			w.bar = newProgress(w.out, "training", s.Steps, time.Now)
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
	return fmt.Sprintf("%s %.4f at step %d, %.0f s", w.metric, t.Value, t.BestStep, t.Seconds)
}

// bestTrials is how many trials a person is shown.
const bestTrials = 10

// print writes the result for a person.
func (w *tuneWatcher) print(r *tune.Result, data string) {
	t := newTable("trial", "steps", r.Metric, "settings")
	for _, trial := range r.Trials[:min(bestTrials, len(r.Trials))] {
		value := trial.Status
		if trial.Status == tune.Done {
			value = fmt.Sprintf("%.4f", trial.Value)
		}
		t.AppendRow(table.Row{trial.Number, trial.Steps, value, strings.Join(trial.Set, " ")})
	}
	w.out.print("%s", t)
	if more := len(r.Trials) - bestTrials; more > 0 {
		w.out.print("\nand %d more in trials.csv", more)
	}
	w.out.print("\nbest: trial %d, %s %.4f, the best of %d trainings, so too good to be expected again",
		r.Best.Number, r.Metric, r.Best.Value, len(r.Trials))
	if len(r.Seeds) > 0 {
		w.out.print("its settings with %s: mean %.4f, standard deviation %.4f",
			count(len(r.Seeds), "other seed"), r.Mean, r.Std)
	}
	w.out.print("wrote %s", r.Spec)
	w.out.say("next: tfpair train --spec %s --data %s --out run", r.Spec, data)
}
