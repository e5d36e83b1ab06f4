package cli

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// defaultEpisodes is how many episodes are drawn: as many as Chen et al., A Closer Look
// at Few-shot Classification, 2019, arXiv:1904.04232, section 4.2, test on.
const defaultEpisodes = 600

// fewShotFlags say that few-shot classification is measured, and on what.
func fewShotFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "one-shot",
			Usage: "measure the error on one-shot runs, such as Omniglot's all_runs.zip"},
		&cli.IntFlag{Name: "way",
			Usage: "measure the error on episodes of `N` classes drawn from class folders"},
		&cli.IntFlag{Name: "shot", Value: 1, Usage: "images shown of each class of a drawn episode"},
		&cli.IntFlag{Name: "episodes", Value: defaultEpisodes, Usage: "episodes to draw"},
	}
}

// fewShotOptions returns which episodes the flags ask for, nil where they ask for none.
// A way of 0 stands for those that the data lists.
func fewShotOptions(c *cli.Context, data *dataset.Dataset) (*evaluate.Draw, error) {
	d := &evaluate.Draw{Way: c.Int("way"), Shot: c.Int("shot"), Episodes: c.Int("episodes"),
		Seed: c.Uint64("seed")}
	oneShot, drawn := c.Bool("one-shot"), c.IsSet("way")
	switch {
	case (oneShot || drawn) && c.IsSet("gallery"):
		return nil, usagef("--gallery is for retrieval; few-shot classification has none")
	case oneShot && drawn:
		return nil, usagef("--one-shot measures the runs of the data, --way draws episodes; " +
			"give one of them")
	case !drawn && (c.IsSet("shot") || c.IsSet("episodes")):
		return nil, usagef("--shot and --episodes say what --way N draws; --way is missing")
	case oneShot && len(data.Episodes) == 0:
		return nil, usagef("%s has no one-shot runs (folders with class_labels.txt); "+
			"draw episodes from its classes with --way", data.Name)
	case oneShot:
		return d, nil
	case !drawn && len(data.Episodes) > 0:
		return nil, usagef("%s is one-shot runs; measure them with --one-shot", data.Name)
	case !drawn:
		return nil, nil
	case d.Way < 2 || d.Shot < 1 || d.Episodes < 1:
		return nil, usagef("--way must be at least 2, --shot and --episodes at least 1, "+
			"got %d, %d and %d", d.Way, d.Shot, d.Episodes)
	case len(data.Classes) == 0:
		return nil, usagef("%s has no classes to draw episodes from", data.Name)
	}
	return d, nil
}

// fewShot is the report of a command line: what was measured, and of what.
type fewShot struct {
	Model      string `json:"model"`
	Checkpoint string `json:"checkpoint"`
	Step       int    `json:"step"`
	*evaluate.FewShotReport
}

// runFewShot measures a model on listed or drawn episodes.
func runFewShot(c *cli.Context, out output, d *evaluate.Draw, from parts, model *model) error {
	if c.String("bad-images") != "stop" {
		return usagef("--bad-images skip would change the episodes; " +
			"few-shot classification needs every image")
	}
	episodes := evaluate.Episodes{List: from.data.Episodes, Source: "listed"}
	split := dataset.Test
	if d.Way > 0 {
		part, err := from.choose("--split", c.String("split"))
		if err != nil {
			return err
		}
		if episodes, err = evaluate.DrawEpisodes(from.data, part, *d); err != nil {
			return err
		}
		split = part.Split
	}
	images := dataset.Part{Split: split, Images: episodes.Images()}
	read, err := readImages(c, out, from.data, model, &images)
	if err != nil {
		return err
	}
	defer read.store.Close() // a cache
	report := fewShot{Model: model.name, Checkpoint: model.path, Step: model.Step}
	embedding := newProgress(out, "embedding", len(images.Images), time.Now)
	report.FewShotReport, err = evaluate.FewShot(c.Context, evaluate.FewShotConfig{Model: model,
		Store: read.store, Data: from.data, Split: split, Episodes: episodes, Seed: d.Seed,
		Progress: func(done, total int) { embedding.at(done, total, "") }})
	embedding.done()
	if err != nil {
		return stopped(c.Context, err)
	}
	report.print(out)
	return out.emit("summary", report)
}

// print writes the report for a person.
func (r fewShot) print(out output) {
	out.print("model      %s, step %d", r.Model, r.Step)
	out.print("data       %s, %s: %s", r.Data, r.Split, count(r.Images, "image"))
	out.print("episodes   %s of %d-way %d-shot classification, %s (%s)", commas(r.Episodes), r.Way,
		r.Shot, count(r.Queries, "query"), r.Source)
	t := newTable("metric", "value", "95 % interval", "")
	t.AppendRow(table.Row{"error", fmt.Sprintf("%.4f", r.Error.Value),
		ends("%.4f", r.Error.Interval), "lower is better"})
	out.print("\n%s", t)
	out.print("\n%s of %s wrong; interval: for %s", commas(r.Wrong), count(r.Queries, "query"),
		question(r.Error.Interval))
}
