// Package report shows what a network learnt: one page, which needs nothing else.
//
//	evaluation, its JSON, history of the run → Source → page.html with pictures, curves and three sentences
//
// It measures nothing: each number on the page is one of the evaluation's JSON.
package report

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"slices"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// Source is what a page shows. Either Pairs or Labels is given.
type Source struct {
	Seen     []string              // classes that the training has seen; empty: not known
	Title    string                // of the page
	About    []Fact                // what was trained on what
	Data     *dataset.Dataset      // that was measured
	Distance distance.Distance     // of the model
	Pairs    *evaluate.Report      // of pairs and searches
	Labels   *evaluate.LabelReport // of photos among label images
	Numbers  []byte                // JSON object of the evaluation
	History  History               // of the training; empty where it is not known
	Step     int                   // that the model is of
	Select   string                // name of the metric of validation that the checkpoint was chosen by; "": not known
	Commands Commands              // that advice may tell to give
}

// Fact is a line of what was trained on what.
type Fact struct{ Name, Text string }

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

// Write writes the page of s to a file, whole or not at all. Pictures that cannot be read are left empty.
// Errors are that of ctx and of the file.
func Write(ctx context.Context, path string, s Source) error {
	text, err := s.render(ctx)
	if err != nil {
		return err
	}
	return aside.WriteFile(path, text)
}

// render returns the page.
func (s Source) render(ctx context.Context) ([]byte, error) {
	p, err := s.page(ctx)
	if err != nil {
		return nil, err
	}
	t, err := template.New("page").Funcs(template.FuncMap{"number": p.numbers.at, "percent": p.numbers.percent,
		"between": p.numbers.between, "has": p.numbers.has, "tile": p.tiles.html}).Parse(pageHTML)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, p)
	return b.Bytes(), err
}

// page is what the template shows.
type page struct {
	Source
	numbers numbers
	tiles   *tiles

	CSS, Sheets     template.CSS
	JS, JSON        template.JS // JSON is that of the evaluation
	Script          script      // what the script draws
	Left            string      // which pictures are not shown; "": all are
	Kind            kind
	Metrics         []metricRow
	Head            metricRow
	Question        string // that intervals answer
	ThresholdPath   string // in the JSON; "": there is none
	ThresholdSource string
	AtThreshold     []metricRow // what it gets wrong
	Warnings        []string    // why numbers carry little
	SeenMeasured    bool
	HasClasses      bool
	Silent          bool // some pictures can find nothing
	Flawless        bool // nothing that was measured went wrong
	Curves          []template.HTML
	ROC, DET        template.HTML
	Histogram       template.HTML
	Calibration     template.HTML
	Hard            []hardGroup
	Classes         []classRow
	MoreClasses     int
	Confused        []confusedRow
	Doubts          []doubtRow
	DoubtsInAll     int
	Advice          [3]Advice
}

// page gathers what is shown.
func (s Source) page(ctx context.Context) (*page, error) {
	n, err := parseNumbers(s.Numbers)
	if err != nil {
		return nil, err
	}
	sub := s.subject()
	p := &page{Source: s, numbers: n, Kind: sub.kind, CSS: template.CSS(pageCSS), JS: template.JS(pageJS), //nolint:gosec // they are the project's own
		JSON: template.JS(s.Numbers)} //nolint:gosec // JSON escapes <, > and &
	p.measured(sub)
	t := sub.trade()
	p.ROC, p.DET, p.Histogram = t.roc(), t.det(), t.histogram(sub.kind)
	p.Curves = s.History.charts(sub.kind.Labels)
	if c, ok := sub.calibration(); ok {
		p.Calibration = c.svg()
	}
	doubts := sub.doubts()
	p.Hard, p.Confused, p.Doubts, p.DoubtsInAll = sub.hard(), sub.confusedRows(), sub.doubtRows(doubts), len(doubts)
	p.Flawless = len(p.Confused) == 0 && !slices.ContainsFunc(p.Hard, func(g hardGroup) bool { return len(g.Pairs) > 0 })
	must := p.examples()
	chosen := sub.choose(must)
	for _, pair := range chosen.pairs {
		must[pair.left], must[pair.right] = true, true
	}
	p.Left = chosen.left
	if p.tiles, err = makeTiles(ctx, sub.pictures, chosen.shown, must); err != nil {
		return nil, err
	}
	p.Sheets = p.tiles.css()
	p.Script = sub.script(chosen, t, p.tiles)
	p.Advice = advise(sub.facts(p))
	return p, nil
}

// measured sets the numbers to look at, and what they are for.
func (p *page) measured(sub *subject) {
	p.Metrics = sub.metrics()
	p.Head = sub.headline(p.Metrics)
	p.Classes, p.MoreClasses = sub.classes()
	if r := p.Pairs; r != nil {
		p.ThresholdPath, p.ThresholdSource, p.Warnings = "threshold", r.Threshold.Source, r.Doubts
		p.AtThreshold = p.named("false_accepts", "false_rejects")
		p.HasClasses, p.Silent = r.Classes > 0, r.Excluded > 0 && r.Found != nil
	} else if none := p.Labels.None; none != nil {
		p.ThresholdPath, p.ThresholdSource = "none_of_these.above", none.Above.Source
		p.AtThreshold = p.named(evaluate.DetectionRate, evaluate.FalseAcceptRate)
	}
	if p.Labels != nil {
		p.HasClasses = p.Labels.Classes > 0
	}
	p.Question = sub.measured(p.Head).Interval.Question
	if e := sub.exposure(); e != nil {
		p.SeenMeasured = e.Measured
	}
}

// named returns rows of the table of numbers.
func (p *page) named(names ...string) (rows []metricRow) {
	for _, row := range p.Metrics {
		if slices.Contains(names, row.key) {
			rows = append(rows, row)
		}
	}
	return rows
}

// examples returns the pictures of the examples, which are shown large.
func (p *page) examples() map[int32]bool {
	shown := map[int32]bool{}
	for _, g := range p.Hard {
		for _, pair := range g.Pairs {
			shown[pair.Left], shown[pair.Right] = true, true
		}
	}
	for _, c := range p.Confused {
		shown[c.Pair.Left], shown[c.Pair.Right] = true, true
	}
	for _, d := range p.Doubts {
		shown[d.Picture], shown[d.Near] = true, true
	}
	return shown
}
