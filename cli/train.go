package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/train"
)

func newTrainCommand(streams IO) *cli.Command {
	flags := append(dataFlags(), specFlags()...)
	flags = append(flags, &cli.StringFlag{Name: "out",
		Usage: "run `FOLDER`: made, or gone on with where it holds a training with the same spec"},
		weightsFlag(),
		&cli.BoolFlag{Name: "unseen-classes",
			Usage: "keep half of the classes for test and some for validation: --set train.unseen_classes=true"},
		&cli.Float64Flag{Name: "max-minutes",
			Usage: "stop after `N` minutes, evaluate and save; the same command goes on (0: no limit)"})
	return &cli.Command{
		Name:  "train",
		Usage: "train a network on labelled images",
		Description: "Data is read and checked before the first step. Stopped at any moment, the same\n" +
			"command goes on from the last checkpoint and ends with the same weights.",
		Flags:  append(append(flags, machineFlags()...), outputFlags()...),
		Action: func(c *cli.Context) error { return runTrain(c, newOutput(c, streams)) },
	}
}

func runTrain(c *cli.Context, out output) error {
	if err := need(c, "data", "out"); err != nil {
		return err
	}
	out.say("tfpair train: %s → %s", c.String("data"), c.String("out"))
	r, pretrained, err := readSpecAndWeights(c, out)
	if err != nil {
		return err
	}
	o, err := sessionOptions(c)
	if err != nil {
		return err
	}
	skip, err := skipShare(c)
	if err != nil {
		return err
	}
	limit, err := maxTime(c)
	if err != nil {
		return err
	}
	data, err := openData(c)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	w := &trainWatcher{out: out, data: data.Summary()}
	summary, err := train.Run(c.Context, train.Config{Resolved: r, Data: data, Folder: c.String("out"),
		Weights: pretrained, Session: o, Store: storeOptions(c), MaxTime: limit, SkipBad: skip, Observe: w.observe, Now: time.Now})
	w.end()
	var notRun *run.NotRunError
	if errors.As(err, &notRun) {
		return usage(fmt.Errorf("--out: %w", err))
	}
	if err != nil {
		return stopped(c.Context, err)
	}
	return w.summarize(summary, c.String("out"), c.String("data"))
}

// maxTime returns --max-minutes.
func maxTime(c *cli.Context) (time.Duration, error) {
	const most = 1e6 // two years
	minutes := c.Float64("max-minutes")
	if !(minutes >= 0 && minutes <= most) {
		return 0, usage(fmt.Errorf("--max-minutes must be 0 (no limit) to %g, got %g", float64(most), minutes))
	}
	return time.Duration(minutes * float64(time.Minute)), nil
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
	out     output
	data    string
	skipped int
	bar     *progress
	what    string
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
	case train.Started:
		w.skipped = len(e.Skipped)
		if !w.out.json {
			w.end()
			w.started(e)
		}
	case train.Stepped:
		w.show("training", e.Steps).at(e.Step, e.Steps,
			fmt.Sprintf("loss %.4f, %.0f images/s", e.Loss, e.ImagesPerSecond))
	case train.Evaluated:
		mark := ""
		if e.Best {
			mark = ", best so far"
		}
		w.line("step %d: %s%s", e.Step, scores(e.Scores), mark)
	case train.Alarmed:
		w.line("ALARM at step %d: %s\n      what to do: %s", e.Step, e.Reason, e.Advice)
	}
}

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
	w.out.say("data      %s", w.data)
	w.out.say("training  %s, %s per epoch; validation %s, %s", count(e.TrainImages, "image"),
		count(e.StepsPerEpoch, "step"), count(e.ValImages, "image"), count(e.ValPairs, "pair"))
	w.out.say("network   %s parameters, %s", commas(int(e.Parameters)), e.Devices[len(e.Devices)-1])
	if e.Pretrained != nil {
		w.out.say("weights   %s", origin(*e.Pretrained))
	}
	for _, note := range e.Notes {
		w.out.say("note      %s", note)
	}
	for _, path := range e.Skipped {
		w.out.say("skipped   %s", path)
	}
	if e.Step > 0 {
		w.out.say("going on from step %d", e.Step)
	}
}

// scores writes the numbers of an evaluation on validation.
func scores(s evaluate.Scores) string {
	found := ""
	if s.Photos > 0 {
		found = fmt.Sprintf("val.recall@1 %.4f, recall@5 %.4f, mrr %.4f, median rank %g; ",
			s.Metrics["recall@1"], s.Metrics["recall@5"], s.Metrics["mrr"], s.Metrics[evaluate.MedianRank])
	}
	return found + fmt.Sprintf("val.auc %.4f, accuracy %.4f at distance %.4g; same %.3g ± %.2g, different %.3g ± %.2g",
		s.Metrics["auc"], s.Metrics["accuracy"], s.Threshold, s.Distances.PositiveMean,
		s.Distances.PositiveStd, s.Distances.NegativeMean, s.Distances.NegativeStd)
}

// trainSummary is the last JSON line of a training.
type trainSummary struct {
	Run      string           `json:"run"`
	Step     int              `json:"step"`
	Reason   string           `json:"reason"`
	Seconds  float64          `json:"seconds"`
	BestStep int              `json:"best_step"`
	Best     *evaluate.Scores `json:"best"`
	Skipped  int              `json:"skipped"`
}

func (w *trainWatcher) summarize(s *train.Summary, folder, data string) error {
	err := w.out.emit("summary", trainSummary{Run: folder, Step: s.Step, Reason: s.Reason,
		Seconds: s.Seconds, BestStep: s.BestStep, Best: s.Best, Skipped: w.skipped})
	if err != nil {
		return err
	}
	switch s.Reason {
	case train.EndedPatience:
		w.out.say("stopped: train.patience evaluations brought nothing better")
	case train.EndedTime:
		w.out.say("stopped: --max-minutes are used; the same command goes on from step %d", s.Step)
	}
	best := ""
	if s.Best != nil {
		best = fmt.Sprintf(", best at step %d: %s %.4f", s.BestStep, s.Selected, s.BestValue)
	}
	w.out.print("wrote %s (step %d%s)", folder, s.Step, best)
	w.out.say("next: tfpair evaluate --model %s --data %s", folder, data)
	if w.skipped > 0 {
		return &skippedError{w.skipped}
	}
	return nil
}
