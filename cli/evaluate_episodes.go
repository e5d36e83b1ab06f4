package cli

import (
	"context"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// defaultEpisodes is how many episodes are drawn: as many as Chen et al., A Closer Look
// at Few-shot Classification, 2019, arXiv:1904.04232, section 4.2, test on.
const defaultEpisodes = 600

// fewShotOptions say that few-shot classification is measured, and on what.
type fewShotOptions struct {
	oneShot             bool // on the one-shot runs of the data
	drawn               bool // on episodes drawn of way classes
	way, shot, episodes int
	shaped              bool // shot or episodes was given
}

func (o *fewShotOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.BoolFlag{Name: "one-shot", Destination: &o.oneShot,
			Usage: "measure the error on one-shot runs such as Omniglot's all_runs.zip"},
		&cli.IntFlag{Name: "way", Destination: &o.way,
			Usage: "measure the error on drawn episodes of `N` classes"},
		&cli.IntFlag{Name: "shot", Destination: &o.shot, Value: 1, Usage: "show `N` images of each class of a drawn episode"},
		&cli.IntFlag{Name: "episodes", Destination: &o.episodes, Value: defaultEpisodes, Usage: "draw `N` episodes"})
}

// asked reports whether few-shot classification is to be measured.
func (o fewShotOptions) asked() bool { return o.oneShot || o.drawn }

func (o fewShotOptions) validate() error {
	switch {
	case o.oneShot && o.drawn:
		return usagef("--one-shot measures the runs of the data, --way draws episodes; " +
			"give one of them")
	case !o.drawn && o.shaped:
		return usagef("--shot and --episodes say what --way N draws; --way is missing")
	case o.drawn && (o.way < 2 || o.shot < 1 || o.episodes < 1):
		return usagef("--way must be at least 2, --shot and --episodes at least 1, "+
			"got %d, %d and %d", o.way, o.shot, o.episodes)
	}
	return nil
}

// draw returns which episodes of data are measured, nil for none. A way of 0 stands for
// those that the data lists.
func (o fewShotOptions) draw(data *dataset.Dataset, seed uint64) (*evaluate.Draw, error) {
	switch {
	case o.oneShot && data.Kind() != dataset.OfEpisodes:
		return nil, usagef("%s has no one-shot runs (folders with class_labels.txt); "+
			"draw episodes from its classes with --way", data.Name)
	case o.oneShot:
		return &evaluate.Draw{Seed: seed}, nil
	case !o.drawn && data.Kind() == dataset.OfEpisodes:
		return nil, usagef("%s is one-shot runs; measure them with --one-shot", data.Name)
	case !o.drawn:
		return nil, nil
	case len(data.Classes) == 0:
		return nil, usagef("%s has no classes to draw episodes from", data.Name)
	}
	return &evaluate.Draw{Way: o.way, Shot: o.shot, Episodes: o.episodes, Seed: seed}, nil
}

// fewShot is the report of a command line: what was measured, and of what.
type fewShot struct {
	Model      string `json:"model"`
	Checkpoint string `json:"checkpoint"`
	Step       int    `json:"step"`
	*evaluate.FewShotReport
}

// fewShot measures a model on listed or drawn episodes.
func (m measuring) fewShot(ctx context.Context, d evaluate.Draw) error {
	c := evaluate.FewShotConfig{Data: m.data, Split: dataset.Test, Seed: d.Seed,
		Episodes: evaluate.Episodes{List: m.data.Episodes, Source: "listed"}, Progress: m.bar.of("embedding")}
	if d.Way > 0 {
		part, err := m.part()
		if err != nil {
			return err
		}
		if c.Episodes, err = evaluate.DrawEpisodes(m.data, part, d); err != nil {
			return err
		}
		c.Split = part.Split
	}
	report := fewShot{Model: m.model.Name, Checkpoint: m.model.Path, Step: m.model.Manifest.Step}
	var err error
	report.FewShotReport, err = m.model.EvaluateFewShot(ctx, c, m.reading())
	m.bar.end()
	if err != nil {
		return stopped(ctx, err)
	}
	report.print(m.out)
	return m.end(report, 0)
}

// print writes the report for a person.
func (r fewShot) print(out output) {
	out.print("model      %s, step %d", r.Model, r.Step)
	out.print("data       %s, %s: %s", r.Data, r.Split, count(r.Images, "image"))
	out.print("episodes   %s of %d-way %d-shot classification, %s (%s)", commas(r.Episodes), r.Way,
		r.Shot, count(r.Queries, "query"), r.Source)
	sayExposure(out, r.Exposure)
	sayDoubts(out, r.Exposure, nil)
	t := newTable("metric"+onSeen(r.Exposure), "value", "95 % interval", "")
	t.AppendRow(table.Row{"error", fmt.Sprintf("%.4f", r.Error.Value),
		ends("%.4f", r.Error.Interval), "lower is better"})
	out.print("\n%s", t)
	out.print("\n%s of %s wrong; interval: for %s%s", commas(r.Wrong), count(r.Queries, "query"),
		question(r.Error.Interval), onSeen(r.Exposure))
}
