package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/jsonline"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/report"
)

func newReportCommand(streams IO) *cli.Command {
	var o evaluateOptions
	c := &cli.Command{
		Name:  "report",
		Usage: "show what a trained network learnt, as one page with pictures",
		Description: `Measures as tfpair evaluate does, and writes one HTML file that needs nothing else: how
good the network is, a slider for the threshold, the hardest pictures, what each picture
finds, classes that are confused, a map, doubted labels, and what to do next.

Without --data the page is of the data that the run was trained on, if it still lies there.

` + examplesHead + `  tfpair report --run demo/run --data demo/pictures --out report.html
  tfpair report --run demo/run --run demo/model --data demo/pictures --out compared.html`,
		Action: func(c *cli.Context) error {
			o.threshold.given = c.IsSet("threshold")
			return runReport(c.Context, c.StringSlice("run"), o, streams)
		},
	}
	c.Flags = append(c.Flags, &cli.StringSliceFlag{Name: "run", Usage: "`FOLDER` of a run or of an exported model; a second --run compares the two"},
		checkpointFlag(&o.model.checkpoint))
	o.model.trust.addFlags(c)
	o.data.addFlags(c)
	o.addMeasured(c)
	o.threshold.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "out", Destination: &o.page.path, Usage: "HTML `FILE` of the page"},
		overwriteFlag(&o.page.overwrite),
		&cli.StringFlag{Name: "projector", Destination: &o.page.projector,
			Usage: "new `FOLDER` for what TensorBoard shows: embeddings for its projector, and the hardest pictures"})
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "run", "out")
	return c
}

func runReport(ctx context.Context, runs []string, o evaluateOptions, streams IO) error {
	o.model.folder = strings.Join(runs, "")
	if err := require("report", given{"run", o.model.folder}, given{"out", o.page.path}); err != nil {
		return err
	}
	if len(runs) > 2 {
		return usagef("report compares two runs, got %d", len(runs))
	}
	o.model.folder = runs[0]
	for _, folder := range runs { // the second one is measured last
		if _, err := inference.IsRun(folder); err != nil {
			return err
		}
	}
	if err := o.page.validate("out"); err != nil {
		return err
	}
	if err := aside.Unused(o.page.projector, false); o.page.projector != "" && err != nil {
		return fmt.Errorf("--projector: %w", err)
	}
	o.page.alone = true
	trained := o.data.path == ""
	if trained {
		if err := o.data.remembered(o.model.folder); err != nil {
			return err
		}
	}
	if len(runs) == 2 {
		o.page.compared = true
		o.page.write = func(ctx context.Context, path string, first report.Source) error {
			second := o
			second.model.folder, second.page.second = runs[1], true
			second.page.write = func(ctx context.Context, path string, other report.Source) error {
				d, err := report.Compare(ctx, path, first, other)
				if err == nil {
					o.output.on(streams).print("%s", betterBy(runs[1], d))
				}
				return err
			}
			return runEvaluate(ctx, second, streams)
		}
	}
	err := runEvaluate(ctx, o, streams)
	var missing *dataset.Error
	var seen *inference.SeenError
	switch {
	case trained && len(runs) == 1 && errors.As(err, &seen) && o.split == dataset.Test.String():
		return usagef("%s keeps nothing for test: give pictures that it has not seen with --data, or measure validation, and too well, with "+
			"--split val --seen", runs[0])
	case trained && errors.As(err, &missing) && errors.Is(err, fs.ErrNotExist):
		return usagef("the data of the training does not lie at %q any more: report needs --data", o.data.path)
	}
	return err
}

// betterBy says by how much a network is better than another one, or worse.
func betterBy(folder string, d report.Difference) string {
	word, value, low, high := "better", d.Value, d.Interval.Low, d.Interval.High
	if value < 0 {
		word, value, low, high = "worse", -value, -high, -low
	}
	text := fmt.Sprintf("%s is %s by %.1f points of %s (%.1f – %.1f), on %s that both were asked", folder, word, 100*value, d.Name, 100*low, 100*high,
		commas(d.Asked))
	if low <= 0 {
		text += ": no difference to rely on"
	}
	return text
}

// remembered sets the options to those of the data that a run was trained on.
func (o *dataOptions) remembered(folder string) error {
	_, words, err := historyOf(folder)
	if err != nil {
		return err
	}
	for name, to := range map[string]*string{"data": &o.path, "val": &o.val, "test": &o.test, "images": &o.layout.images, "format": &o.layout.format,
		"columns": &o.layout.columns, "splits": &o.splits, "group-by": &o.groupBy} {
		if at := slices.Index(words, "--"+name); at >= 0 && at+1 < len(words) {
			*to = words[at+1]
		}
	}
	if at := slices.Index(words, "--bad-budget"); at >= 0 && at+1 < len(words) && o.reading.bad == "stop" {
		if budget, err := strconv.ParseFloat(words[at+1], 64); err == nil {
			o.reading.bad, o.reading.budget = "skip", budget
		}
	}
	if o.path == "" {
		return usagef("%s does not say where its data lies: give --data", folder)
	}
	return nil
}

// historyOf returns what a run went through, and the flags of its data; nothing of an exported model.
func historyOf(folder string) (h report.History, words []string, err error) {
	f, err := run.Open(folder)
	var other *run.NotRunError
	if errors.As(err, &other) {
		return h, nil, nil
	}
	if err != nil {
		return h, nil, err
	}
	defer f.Close() // read only
	events, err := os.Open(f.EventsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return h, nil, nil
	}
	if err != nil {
		return h, nil, err
	}
	defer events.Close() // read only
	h, err = report.ReadHistory(events)
	return h, h.Start.Data, err
}

// pageOptions say that a page is written.
type pageOptions struct {
	path      string // HTML file; "": none
	overwrite bool
	alone     bool                                                          // the page is all that is asked for
	projector string                                                        // folder; "": none is written
	second    bool                                                          // who measured the other one says that it is written
	compared  bool                                                          // the page is of two networks, and their difference is what is said
	write     func(ctx context.Context, path string, s report.Source) error // nil: report.Write
}

// validate refuses a file that cannot be written, before anything is read.
func (o pageOptions) validate(flag string) error {
	switch {
	case o.path == "":
		return nil
	case !strings.EqualFold(filepath.Ext(o.path), ".html"):
		return usagef("--%s %q: want a name that ends in .html", flag, o.path)
	}
	if info, err := os.Stat(filepath.Dir(o.path)); err != nil || !info.IsDir() {
		return usagef("--%s %q: there is no folder %q", flag, o.path, filepath.Dir(o.path))
	}
	if err := aside.Unused(o.path, o.overwrite); err != nil {
		return fmt.Errorf("--%s: %w", flag, err)
	}
	return nil
}

// writePage writes the page of an evaluation. summary is what --json prints of it.
func (m measuring) writePage(ctx context.Context, summary any, pairs *evaluate.Report, labels *evaluate.LabelReport) error {
	numbers, err := jsonline.Marshal("summary", summary)
	if err != nil {
		return err
	}
	history, _, err := historyOf(m.model.Name)
	if err != nil {
		return err
	}
	write := m.page.write
	if write == nil {
		write = report.Write
	}
	commands, err := m.commands(history, pairs)
	if err != nil {
		return err
	}
	if !m.page.compared || m.page.second {
		m.out.say("drawing the page")
	}
	_, selected, _ := strings.Cut(m.model.Spec.Train.Select, ".") // val.METRIC
	source := report.Source{Seen: m.model.Manifest.Seen, Title: fmt.Sprintf("%s on %s", m.model.Name, m.data.Name), About: m.about(history), Data: m.data,
		Distance: m.model.Distance(), Pairs: pairs, Labels: labels, Numbers: numbers, History: history, Step: m.model.Manifest.Step,
		Select: selected, Commands: commands}
	if folder := m.page.projector; folder != "" && !m.page.second {
		if err := report.Projector(ctx, folder, source, time.Now()); err != nil {
			return err
		}
		m.out.print("wrote %s: tensorboard --logdir %s", folder, folder)
	}
	return write(ctx, m.page.path, source)
}

// about says what was trained on what.
func (m measuring) about(h report.History) []report.Fact {
	manifest, s := m.model.Manifest, m.model.Spec
	n := networkOf(s)
	list := []report.Fact{{Name: "network", Text: fmt.Sprintf("%s with head %s; %s parameters, embeddings of length %d, images of %d×%d", n.Backbone, n.Head,
		commas(int(manifest.Parameters)), manifest.EmbeddingDim, n.Size, n.Size)},
		{Name: "training", Text: fmt.Sprintf("%s, by the loss %s and the distance %s; step %s", n.Topology, n.Loss, n.Distance, commas(manifest.Step))}}
	if p := manifest.Pretrained; p != nil {
		for _, one := range p.All() {
			list = append(list, report.Fact{Name: "started", Text: "from " + origin(one)})
		}
	}
	if manifest.Data.Name != "" {
		text := manifest.Data.Name
		if start := h.Start; start.TrainImages > 0 {
			text += fmt.Sprintf(": trained on %s, validated on %s", count(start.TrainImages, "image"), count(start.ValImages, "image"))
		}
		if known := len(manifest.Seen); known > 0 {
			text += fmt.Sprintf("; %s, of which training saw %d", count(len(manifest.Classes), "class"), known)
		}
		list = append(list, report.Fact{Name: "trained on", Text: text})
	}
	for _, path := range manifest.Data.Skipped {
		list = append(list, report.Fact{Name: "skipped", Text: path})
	}
	list = append(list, report.Fact{Name: "this data", Text: fmt.Sprintf("%s; split %s is measured", m.data.Summary(), m.split)})
	for _, note := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(h.Start.Notes, m.data.Notes)))) {
		list = append(list, report.Fact{Name: "note", Text: note})
	}
	if isRun, err := inference.IsRun(m.model.Name); err == nil && isRun {
		if f, err := run.Open(m.model.Name); err == nil {
			if _, err := os.Stat(f.Suspects()); err == nil {
				list = append(list, report.Fact{Name: "doubted labels", Text: "of the training are in " + f.Suspects()})
			}
			_ = f.Close() // read only
		}
	}
	if manifest.Tool != "" {
		list = append(list, report.Fact{Name: "made by", Text: manifest.Tool + ", " + manifest.Runtime})
	}
	return list
}
