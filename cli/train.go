package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/train"
)

// trainOptions are the options of tfpair train.
type trainOptions struct {
	data    dataOptions
	start   startOptions
	recipe  recipeOptions
	out     string  // run folder
	minutes float64 // after which the training ends; 0: no limit
	exact   bool    // a run of another machine is refused
	profile bool    // a table says what operations of a step take
	page    pageOptions
	machine machineOptions
	cluster clusterOptions
	output  outputOptions
}

func newTrainCommand(streams IO) *cli.Command {
	var o trainOptions
	c := &cli.Command{
		Name:  "train",
		Usage: "train a network on labelled images",
		Description: `Looks at the data and chooses what to train, unless --preset, --spec or --set do.
Checks the data, then trains and keeps checkpoints in the run folder. Evaluates on
validation images along the way, and remembers the best checkpoint.

You can stop a training at any moment. The same command goes on from the last
checkpoint, and ends with the same weights as a training that was never stopped.

` + examplesHead + `  tfpair train --data demo/pictures --explain
  tfpair train --data demo/pictures --out run
  tfpair train --data demo/pictures --out triplets --preset triplet --set train.steps=50
  tfpair train --data demo/pictures --out light --preset auto --set augment=light`,
		Action: func(c *cli.Context) error {
			o.start.set, o.start.weights = c.StringSlice("set"), c.StringSlice("weights")
			return runTrain(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *trainOptions) addFlags(c *cli.Command) {
	o.data.addFlags(c)
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "out", Destination: &o.out,
		Usage: "`FOLDER` of the run; a run that is there goes on if the spec and the data are the same"})
	o.start.auto = true
	o.start.addFlags(c)
	o.recipe.addFlags(c)
	o.recipe.addExplain(c)
	c.Flags = append(c.Flags,
		&cli.BoolFlag{Name: "unseen-classes", Destination: &o.start.unseen,
			Usage: "keep whole classes for validation and test, at least two each: shares train.val and train.test; means --set train.unseen_classes=true"},
		&cli.Float64Flag{Name: "max-minutes", Destination: &o.minutes, DefaultText: "no limit",
			Usage: "stop after `N` minutes, evaluate and save; the same command goes on"})
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "exact", Destination: &o.exact,
		Usage: "go on only where the weights end up the same to the last digit: refuse a run of another processor, number of threads, device or setting of TensorFlow"})
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "profile", Destination: &o.profile,
		Usage: "print what the operations of a step take, behind the first 20 steps: the mean of ten"})
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "report", Destination: &o.page.path,
		Usage: "HTML `FILE` of a page about the trained network, measured on test: see tfpair report"},
		overwriteFlag(&o.page.overwrite))
	o.machine.addFlags(c)
	o.cluster.addFlags(c)
	o.output.addFlags(c)
	needs(c, "data", "out")
}

func (o trainOptions) validate() error {
	const most = 1e6 // two years
	needed := []given{{"data", o.data.path}, {"out", o.out}}
	if o.recipe.explain {
		needed = needed[:1]
	}
	if err := require("train", needed...); err != nil {
		return err
	}
	if err := o.recipe.effortOf().Check(); err != nil {
		return usagef("--%w", err)
	}
	if !(o.minutes >= 0 && o.minutes <= most) {
		return usagef("--max-minutes must be 0 (no limit) to %g, got %g", float64(most), o.minutes)
	}
	return cmp.Or(o.page.validate("report"), o.data.validate(), o.machine.validate(), o.cluster.validate())
}

func runTrain(ctx context.Context, o trainOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	if o.recipe.explain {
		return o.explain(ctx, out)
	}
	out.say("tfpair train: %s → %s", o.data.path, o.out)
	together, run, err := o.together(out)
	if err != nil || !run {
		return err
	}
	c, r, pretrained, err := o.plan(ctx, out)
	if err != nil {
		return err
	}
	if together != nil {
		within, wait, failed := o.begin(ctx, out, together, c, r)
		defer wait()
		if failed != nil {
			return failed
		}
		ctx = within
		defer func() { err = lost(ctx, err) }()
	}
	if err := c.tell(out, &o, r.Spec); err != nil {
		return err
	}
	g := &grouping{data: &o.data, parted: parts(r.Spec), out: out}
	if r, err = o.try(ctx, o.tries(c), g, r, pretrained); err != nil {
		return err
	}
	err = o.train(ctx, g, r, pretrained)
	var changed *train.DataError
	if errors.As(err, &changed) && g.forget() { // a run that was begun before bursts were looked for
		err = o.train(ctx, g, r, pretrained)
	}
	return err
}

// explain prints what would be trained.
func (o *trainOptions) explain(ctx context.Context, out output) error {
	c, err := o.choose(ctx)
	if err != nil {
		return err
	}
	_, r, _, err := o.start.plan()
	if err != nil {
		return err
	}
	return c.explain(out, o, r)
}

// plan returns what is trained, and the weights that it starts from.
func (o *trainOptions) plan(ctx context.Context, out output) (*decision, *train.Resolved, []*weights.File, error) {
	c, err := o.choose(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	r, pretrained, err := o.start.read(ctx, out, o.out)
	return c, r, pretrained, err
}

// train trains on the data that g opens.
func (o *trainOptions) train(ctx context.Context, g *grouping, r *train.Resolved, pretrained []*weights.File) (err error) {
	data, err := g.open(ctx)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	boundGarbage(len(data.Images))
	w := &trainWatcher{out: g.out, data: data, folder: o.out}
	if o.start.found != nil {
		w.forecast = newForecast(time.Now)
	}
	t := o.track(g.out, r.Spec)
	config := train.Config{Resolved: r, Data: data, Opened: commandLine{}.with(o.data.flags()...), Folder: o.out,
		Weights: pretrained, Session: o.machine.session(), Store: o.data.reading.store(),
		MaxTime: time.Duration(o.minutes * float64(time.Minute)), SkipBad: o.data.reading.skip(), Exact: o.exact, Profile: o.profile,
		Observe: func(e train.Event) { w.observe(e); t.observe(ctx, e, w.line) }, Now: time.Now, Program: programVersion()}
	if o.cluster.group != nil {
		config.Group = o.cluster.group
		if o.cluster.group.Rank() > 0 {
			return o.work(ctx, g.out, config)
		}
	}
	defer func() { t.end(ctx, o.page.path, err) }()
	summary, err := train.Run(ctx, config)
	w.end()
	var notRun *run.NotRunError
	if errors.As(err, &notRun) {
		return usage(fmt.Errorf("--out: %w", err))
	}
	if err != nil {
		return stopped(ctx, err)
	}
	if e := w.step; e.ReduceBytes > 0 {
		g.out.say("all-reduce  %.2f MB and %.1f ms in a step, waiting for the slowest process included", float64(e.ReduceBytes)/1e6, 1e3*e.ReduceSeconds)
	}
	if o.profile && !w.traced {
		g.out.say("no profile: the training made fewer than %d steps", train.ProfileSteps)
	}
	split := o.measured(ctx, data)
	if err := w.summarize(summary, o.out, split, o.next(split, data)); err != nil || o.page.path == "" || summary.Reason == train.EndedTime {
		return err
	}
	return o.report(ctx, g.out.IO, split)
}

// report writes the page of the trained network, measured on a split.
func (o *trainOptions) report(ctx context.Context, streams IO, split dataset.Split) error {
	e := evaluateOptions{data: o.data, model: modelOptions{folder: o.out}, split: split.String(), seen: split != dataset.Test,
		prevalence: distance.EvenPrevalence, page: o.page, machine: o.machine,
		output: outputOptions{json: o.output.json, quiet: o.output.quiet}}
	e.page.alone = true
	return runEvaluate(ctx, e, streams)
}

// stopped is err, or, where that only says that ctx has ended, the signal that ended it:
// commands that keep what they did say so with an error of their own.
func stopped(ctx context.Context, err error) error {
	if s, ok := interrupted(ctx); ok && errors.Is(err, ctx.Err()) {
		return fmt.Errorf("stopped, nothing was written: %w", s)
	}
	return err
}

// trainWatcher turns events of a training into conversation, or JSON.
type trainWatcher struct {
	out      output
	data     *dataset.Dataset // whose splits are known once the training has started
	folder   string           // of the run
	folding  bool             // what is known of the data and the network was said of the fold before
	joins    bool             // an ensemble is trained
	joining  bool             // what is known of the data was said of the network before
	skipped  int
	traced   bool          // steps were profiled
	step     train.Stepped // the last that was recorded
	forecast *forecast     // nil: who chose the spec knows
	bar      *progress
	what     string
}

// show returns the progress of the work of this name.
func (w *trainWatcher) show(what string, total int) *progress {
	if w.what != what {
		w.end()
		w.bar, w.what = newProgress(w.out, what, total, time.Now), what
	}
	return w.bar
}

func (w *trainWatcher) end() {
	if w.bar != nil {
		w.bar.done()
	}
	w.bar, w.what = nil, ""
}

func (w *trainWatcher) observe(e train.Event) {
	if _, ok := e.(train.Profiled); ok {
		w.traced = true
	}
	if w.out.json {
		w.json(e)
		if _, ok := e.(train.Started); !ok {
			return
		}
	}
	switch e := e.(type) {
	case train.Prepared:
		w.show("reading images", e.Total).at(e.Done, e.Total, "")
	case train.Extracted:
		w.show("features", e.Total).at(e.Done, e.Total, "")
		if left := w.forecast.at("features", e.Done, e.Total); left > 0 {
			w.line("time      about %s more for the features of %s, measured just now; training follows", span(left), count(e.Total, "image"))
		}
	case train.Folded:
		w.end()
		w.out.say("fold %d of %d", e.Fold, e.Folds)
	case train.Joined:
		w.end()
		w.joins = true
		w.out.say("network %d of %d: %s, trained by itself", e.Member, e.Members, e.Network)
		if w.forecast != nil {
			w.forecast = newForecast(time.Now)
		}
	case train.Pooled:
		w.line("%d folds, each measured by the network that has not seen it: %s", e.Folds, scores(e.Scores))
		w.doubts(e.Scores)
		if e.Suspects > 0 {
			w.line("%s look wrong to the network that has not learnt from them; the most doubtful first: %s and .png",
				count(e.Suspects, "label"), filepath.Join(w.folder, "suspects.csv"))
		}
		w.line("now on all of it")
	case train.Started:
		w.skipped = len(e.Skipped)
		if !w.out.json {
			w.end()
			w.started(e)
		}
	case train.Stepped:
		w.show("training", e.Steps).at(e.Step, e.Steps,
			fmt.Sprintf("loss %.4f, %.0f images/s%s", e.Loss, e.ImagesPerSecond, shared(e)))
		if e.Recorded() {
			w.step = e
		}
		if left := w.forecast.at("training", e.Step, e.Steps); left > 0 {
			w.line("time      about %s more for %s, measured just now", span(left), count(e.Steps-e.Step, "step"))
		}
	case train.Evaluated:
		mark := ""
		if e.Best {
			mark = ", best so far"
		}
		w.line("step %d: %s%s", e.Step, scores(e.Scores), mark)
		w.doubts(e.Scores)
	case train.Interpolated:
		w.interpolated(e)
	case train.Profiled:
		w.end()
		w.profiled(e)
	case train.Alarmed:
		w.line("ALARM at step %d: %s\n      what to do: %s", e.Step, e.Reason, e.Advice)
	}
}

// interpolated says what weights between start and end are worth.
func (w *trainWatcher) interpolated(e train.Interpolated) {
	var tried []string
	for _, s := range e.Tried {
		tried = append(tried, fmt.Sprintf("%.4f at %g", s.Value, s.Share))
	}
	w.line("between the start (0) and step %d (1), %s is %s", e.To, e.Select, strings.Join(tried, ", "))
	if e.Scores == nil {
		w.line("none of these is better: the model stays at %g", e.Chosen)
		return
	}
	w.line("step %d is now the model at %g: %s, best so far", e.Step, e.Chosen, scores(*e.Scores))
	w.doubts(*e.Scores)
}

func (w *trainWatcher) doubts(s evaluate.Scores) {
	if len(s.Doubts) > 0 {
		w.line("      %s", doubtful(s.Doubts))
	}
}

// doubtful says why a number carries little.
func doubtful(doubts []string) string { return "little to go by: " + strings.Join(doubts, "; ") }

// line writes above the bar, if there is one.
func (w *trainWatcher) line(format string, args ...any) {
	if w.bar != nil {
		w.bar.clear()
	}
	w.out.say(format, args...)
}

func (w *trainWatcher) json(e train.Event) {
	switch e := e.(type) {
	case train.Prepared:
		if e.Done < e.Total {
			return
		}
	case train.Extracted:
		if e.Done < e.Total {
			return
		}
	case train.Stepped:
		if !e.Recorded() {
			return
		}
	}
	line, err := train.Encode(e, time.Now())
	if err == nil {
		_, err = fmt.Fprintf(w.out.Out, "%s\n", line)
	}
	if err != nil {
		w.out.say("tfpair: print event: %v", err)
	}
}

func (w *trainWatcher) started(e train.Started) {
	if e.Networks > 0 {
		w.out.say("now all %d side by side: %s parameters, measured on %s, %s", e.Networks, commas(int(e.Parameters)), count(e.ValImages, "image"),
			count(e.ValPairs, "pair"))
		return
	}
	if !w.folding && !w.joining {
		w.out.say("data      %s", w.data.Summary())
	}
	validation := count(e.ValImages, "image")
	if e.Folds > 0 && e.Fold == 0 {
		validation = fmt.Sprintf("by %d folds", e.Folds)
	}
	w.out.say("training  %s, %s per epoch; validation %s, %s", count(e.TrainImages, "image"),
		count(e.StepsPerEpoch, "step"), validation, count(e.ValPairs, "pair"))
	if !w.folding {
		w.network(e)
	}
	w.folding, w.joining = e.Folds > 0, w.joins
	if e.Step > 0 {
		w.out.say("going on from step %d", e.Step)
	}
	if e.Step < e.Steps {
		w.out.say("TensorFlow prepares the first step, which takes longer than those that follow")
	}
}

func (w *trainWatcher) network(e train.Started) {
	w.out.say("network   %s parameters, %s", commas(int(e.Parameters)), deviceName(e.Devices[len(e.Devices)-1]))
	if e.Pretrained != nil {
		for _, one := range e.Pretrained.All() {
			w.out.say("weights   %s", origin(one))
		}
	}
	for _, note := range e.Notes {
		w.out.say("note      %s", note)
	}
	for _, path := range e.Skipped {
		w.out.say("skipped   %s", path)
	}
}

// deviceName is the short form of TensorFlow's name of a device: "CPU:0".
func deviceName(full string) string {
	if _, short, found := strings.Cut(full, "/device:"); found {
		return short
	}
	return full
}

// scores writes the numbers of an evaluation on validation.
func scores(s evaluate.Scores) string {
	found := ""
	if s.Photos > 0 {
		found = fmt.Sprintf("val.recall@1 %s, recall@5 %s, mrr %s, median rank %g; ", validated(s, "recall@1"),
			validated(s, "recall@5"), validated(s, "mrr"), s.Metrics[evaluate.MedianRank])
	}
	at := fmt.Sprintf("at distance %.4g", s.Threshold)
	if s.Threshold < 0 {
		at = "with no pair the same"
	}
	return found + fmt.Sprintf("val.auc %s, accuracy %s %s; same %.3g ± %.2g, different %.3g ± %.2g",
		validated(s, "auc"), validated(s, "accuracy"), at, s.Distances.PositiveMean,
		s.Distances.PositiveStd, s.Distances.NegativeMean, s.Distances.NegativeStd)
}

// validated writes a number of validation with its interval and what it was measured on:
// "0.9317 (0.90–0.96, 600 pairs)".
func validated(s evaluate.Scores, name string) string {
	value := fmt.Sprintf("%.4f", s.Metrics[name])
	i, ok := s.Intervals[name]
	switch {
	case !ok: // a run of before intervals were kept
		return value
	case s.Photos > 0 && !slices.Contains(metric.Pairs.Names(), name):
		return fmt.Sprintf("%s (%s, %s)", value, within(i.Low, i.High), count(s.Photos, "photo"))
	}
	return fmt.Sprintf("%s (%s, %s)", value, within(i.Low, i.High), count(s.Pairs, "pair"))
}

// within writes an interval in short.
func within(low, high float64) string { return fmt.Sprintf("%.2f–%.2f", low, high) }

// trainSummary is the last JSON line of a training.
type trainSummary struct {
	Run      string           `json:"run"`
	Step     int              `json:"step"`
	Reason   string           `json:"reason"`
	Seconds  float64          `json:"seconds"`
	Folds    int              `json:"folds,omitempty"`   // that best is pooled of
	Fold     int              `json:"fold,omitempty"`    // in which time was up
	Network  int              `json:"network,omitempty"` // of an ensemble, in which time was up
	BestStep int              `json:"best_step"`
	Best     *evaluate.Scores `json:"best"`
	Skipped  int              `json:"skipped"`
}

func (w *trainWatcher) summarize(s *train.Summary, folder string, split dataset.Split, next commandLine) error {
	err := w.out.emit("summary", trainSummary{Run: folder, Step: s.Step, Reason: s.Reason,
		Seconds: s.Seconds, Folds: s.Folds, Fold: s.Fold, Network: s.Member, BestStep: s.BestStep, Best: s.Best, Skipped: w.skipped})
	if err != nil {
		return err
	}
	switch s.Reason {
	case train.EndedPatience:
		w.out.say("stopped: train.patience evaluations brought nothing better")
	case train.EndedTime:
		if s.Fold > 0 || s.Member > 0 {
			part := fmt.Sprintf("fold %d", s.Fold)
			if s.Member > 0 {
				part = fmt.Sprintf("network %d", s.Member)
			}
			w.out.print("wrote %s (step %d of %s)", folder, s.Step, part)
			w.out.say("stopped: --max-minutes are used; the same command goes on")
			return nil
		}
		w.out.say("stopped: --max-minutes are used; the same command goes on from step %d", s.Step)
	}
	best := ""
	switch {
	case s.Best != nil && s.Folds > 0:
		best = fmt.Sprintf(", by %d folds: %s %s", s.Folds, s.Selected,
			validated(*s.Best, strings.TrimPrefix(s.Selected, "val.")))
	case s.Best != nil:
		best = fmt.Sprintf(", best at step %d: %s %s", s.BestStep, s.Selected,
			validated(*s.Best, strings.TrimPrefix(s.Selected, "val.")))
	}
	w.out.print("wrote %s (step %d%s)", folder, s.Step, best)
	if s.Best != nil {
		w.doubts(*s.Best)
	}
	switch split {
	case dataset.Train:
		w.out.say("note      too little is kept for test to measure it; the number of the folds is of networks like it, each on images " +
			"that it has not seen")
	case dataset.Val:
		w.out.say("note      too little is kept for test to measure it; --data with images of their own gives an honest number")
	}
	w.out.say("next: %s", next)
	if w.skipped > 0 {
		return &skippedError{w.skipped}
	}
	return nil
}
