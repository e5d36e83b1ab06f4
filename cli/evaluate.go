package cli

import (
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

func newEvaluateCommand(streams IO) *cli.Command {
	flags := append(append(dataFlags(), modelFlags()...),
		&cli.StringFlag{Name: "split", Value: "test", Usage: "train, val or test. Test of the training's own data is what training kept for it; other data without splits is all test"},
		&cli.BoolFlag{Name: "unseen-classes",
			Usage: "measure classes that training never saw, whatever their split; implied for test by a training so made"},
		&cli.StringFlag{Name: "gallery", Usage: "split, or `PATH` of other data, that each image is searched in, " +
			"else the other images of its own, or the label images"},
		&cli.Uint64Flag{Name: "seed", Usage: "of drawn pairs and of intervals"})
	flags = append(append(flags, fewShotFlags()...), sheetFlags()...)
	return &cli.Command{
		Name:  "evaluate",
		Usage: "say how good a trained network is on labelled images",
		Description: "The threshold is the one that training calibrated on validation data, never one of the\n" +
			"data measured. Class folders have balanced pairs drawn from them; lists are taken as they are.",
		Flags:  append(append(flags, machineFlags()...), outputFlags()...),
		Action: func(c *cli.Context) error { return runEvaluate(c, newOutput(c, streams)) },
	}
}

// evaluation is the report of a command line: what was measured, and of what.
type evaluation struct {
	Model      string   `json:"model"`
	Checkpoint string   `json:"checkpoint"`
	Step       int      `json:"step"`
	Skipped    []string `json:"skipped,omitempty"`
	Sheet      string   `json:"sheet,omitempty"`
	*evaluate.Report
}

func runEvaluate(c *cli.Context, out output) (err error) {
	if err := need(c, "model", "data"); err != nil {
		return err
	}
	if err := checkSheet(c); err != nil {
		return err
	}
	data, err := openData(c)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	model, err := openModel(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.close()) }()
	few, err := fewShotOptions(c, data)
	if err != nil {
		return err
	}
	from := parts{data: data, train: model.spec.Train, seen: model.Seen, fingerprint: model.Data.Fingerprint}
	from.unseen = c.Bool("unseen-classes") || from.train.Unseen && c.String("split") == string(dataset.Test)
	switch {
	case few != nil:
		return runFewShot(c, out, few, from, model)
	case len(data.Matches) > 0 && !c.IsSet("gallery"):
		return runLabels(c, out, from, model)
	}
	return runPairs(c, out, from, model)
}

// runPairs measures a model on pairs, listed or drawn, and on retrieval.
func runPairs(c *cli.Context, out output, from parts, model *model) error {
	data := from.data
	part, err := from.choose("--split", c.String("split"))
	if err != nil {
		return err
	}
	threshold, err := model.threshold()
	if err != nil {
		return err
	}
	gallery, err := from.gallery(c, part)
	if err != nil {
		return err
	}
	defer gallery.close()
	labels := dataset.Part{Images: data.In("").LabelImages()} // pairs are drawn of photos and these
	images, err := readImages(c, out, data, model, &part, &labels, gallery.within(data))
	if err != nil {
		return err
	}
	defer images.store.Close() // a cache
	searched, err := gallery.open(c, out, model, images)
	if err != nil {
		return err
	}
	report := evaluation{Model: model.name, Checkpoint: model.path, Step: model.Step,
		Skipped: images.skipped}
	embedding := newProgress(out, "embedding", len(part.Images), time.Now)
	report.Report, err = evaluate.Run(c.Context, evaluate.Config{Model: model, Store: images.store,
		Data: data, Part: part, LabelImages: labels.Images, Known: model.labels, Gallery: searched,
		Threshold: threshold, Seen: model.Seen, Seed: c.Uint64("seed"),
		Progress: func(done, total int) { embedding.at(done, total, "") }})
	embedding.done()
	if err != nil {
		return stopped(c.Context, err)
	}
	if path := c.String("sheet"); path != "" {
		report.Sheet = path
		if err := writeSheet(path, model.name, data, report.Report); err != nil {
			return err
		}
	}
	report.print(out, data)
	if err := out.emit("summary", report); err != nil {
		return err
	}
	return images.outcome()
}
