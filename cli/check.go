package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/check"
)

// checkOptions are the options of tfpair check.
type checkOptions struct {
	data    dataOptions
	prints  printsOptions
	level   string // of copies
	model   modelOptions
	splits  string // file of the list with new splits; "": none is written
	by      string // what no split shares: splitByCopies, splitByClass or splitByTime
	shares  string // of the new splits, val and test
	seed    uint64
	failOn  string
	sheet   sheetOptions
	machine machineOptions
	output  outputOptions
}

func newCheckCommand(streams IO) *cli.Command {
	var o checkOptions
	c := &cli.Command{
		Name:  "check",
		Usage: "look at pictures and lists before training: copies, leaks, contradictions, damage",
		Description: `Says what is in the data and what is wrong with it, the worst first, and what to do.
Nothing is trained, and TensorFlow is not needed unless --model is given.

  leaks           held-out pictures with a copy in another split: they make
                  numbers too good
  contradictions  copies of one picture that are said to be different, and rows
                  that contradict others through a third image
  inverted        pairs called the same that look less alike than the others
  unreadable      files that are no picture, or damaged
  duplicates      copies of pictures that are there already
  resembling      held-out pictures that --model takes for one in another split
  singles         classes of one picture

Copies are the same file, the same pixels, or re-encoded, resized, grey or slightly
recoloured; --copies alike counts cropped, framed and written-on ones, and other shots
of the same moment, too. With --model, pictures whose embeddings are as near as those
of altered copies count as well, and pairs are compared by embeddings, which tell more
than their colours.

` + examplesHead + `  tfpair check --data demo/pictures
  tfpair check --data demo/pictures --fail-on leaks,contradictions,unreadable --quiet
  tfpair check --data demo/pictures --write-splits splits.csv`,
		Action: func(c *cli.Context) error { return runCheck(c.Context, o, streams) },
	}
	o.data.addFlags(c)
	o.prints.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "copies", Destination: &o.level, Value: string(copies.Same),
			Usage: "`LEVEL` of copies: same (same file or re-encoded) or alike (cropped, framed, written on, too)"},
		&cli.StringFlag{Name: "fail-on", Destination: &o.failOn,
			Usage: "exit with 6 where there are findings of these `KINDS`, such as leaks,contradictions,unreadable"},
		&cli.StringFlag{Name: "write-splits", Destination: &o.splits,
			Usage: "new `FILE`.csv of the data with splits anew, in which copies of one picture stay together"},
		&cli.StringFlag{Name: "split-by", Destination: &o.by, Value: splitByCopies,
			Usage: "`WHAT` no two of the new splits share: copies (and groups), class (whole classes, too), or time: test is newest, by a column time"},
		&cli.StringFlag{Name: "shares", Destination: &o.shares, Value: "0.1,0.1", Usage: "`SHARES` of the new splits val and test"},
		&cli.Uint64Flag{Name: "seed", Destination: &o.seed, Usage: "`NUMBER` that draws the new splits"})
	o.sheet.addFlags(c, "`FILE`.png of leaks, contradictions and pairs to look at")
	o.model.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "data")
	return c
}

// What the new splits do not share.
const (
	splitByCopies = "copies"
	splitByClass  = "class"
	splitByTime   = "time"
)

func (o checkOptions) validate() error {
	if err := require("check", given{"data", o.data.path}); err != nil {
		return err
	}
	if err := checkLevel(o.level); err != nil {
		return err
	}
	if !slices.Contains([]string{splitByCopies, splitByClass, splitByTime}, o.by) {
		return usagef("--split-by must be copies, class or time, got %q", o.by)
	}
	_, splitErr := o.parts()
	_, failErr := o.fails()
	if o.splits != "" {
		if err := newFile("write-splits", o.splits); err != nil {
			return err
		}
	}
	return cmp.Or(o.data.validate(), splitErr, failErr, o.sheet.validate(), o.model.trust.validate(), o.machine.validate())
}

// parts returns how the new splits are made.
func (o checkOptions) parts() (dataset.SplitOptions, error) {
	s := dataset.SplitOptions{ByClass: o.by == splitByClass, Seed: o.seed}
	val, test, _ := strings.Cut(o.shares, ",")
	var valErr, testErr error
	s.Val, valErr = strconv.ParseFloat(strings.TrimSpace(val), 64)
	s.Test, testErr = strconv.ParseFloat(strings.TrimSpace(test), 64)
	if valErr != nil || testErr != nil || !(s.Val > 0 && s.Test >= 0 && s.Val+s.Test < 1) {
		return s, usagef("--shares must be two shares, for val above 0 and for test, that leave some for training, such as 0.1,0.1; got %q", o.shares)
	}
	return s, nil
}

// fails returns the kinds of findings that are to end the command with an error.
func (o checkOptions) fails() (kinds []check.Kind, err error) {
	if o.failOn == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(o.failOn, ",") {
		kind := check.Kind(strings.TrimSpace(name))
		if !slices.Contains(check.Kinds, kind) {
			return nil, usagef("--fail-on: unknown kind %q (known: %s)", name, joined(check.Kinds))
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

func joined(kinds []check.Kind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// checked is the result of tfpair check.
type checked struct {
	Data string `json:"data"`
	*check.Report
	Notes  []string   `json:"notes,omitempty"`
	Splits *newSplits `json:"new_splits,omitempty"`
	Sheet  string     `json:"sheet,omitempty"`
}

// newSplits is a list that was written.
type newSplits struct {
	Out    string         `json:"out"`
	Format string         `json:"format"`
	Images map[string]int `json:"images"` // by split
	Notes  []string       `json:"notes,omitempty"`

	left int // files that are not in it, as they cannot be read
}

// foundError says that check found what it was to fail on.
type foundError struct{ findings []check.Finding }

func (e *foundError) Error() string {
	var kinds []check.Kind
	for _, f := range e.findings {
		if !slices.Contains(kinds, f.Kind) {
			kinds = append(kinds, f.Kind)
		}
	}
	return "found what --fail-on names: " + joined(kinds)
}

func runCheck(ctx context.Context, o checkOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	data, err := o.open(ctx, out)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	prints, err := o.prints.read(ctx, out, data, o.data.images(), o.data.reading.workers)
	if err != nil {
		return err
	}
	more, by, err := o.compare(ctx, out, data, prints)
	if err != nil {
		return err
	}
	level := copies.Level(o.level)
	groups := copies.Find(prints, level, more...)
	r := checked{Data: data.Name, Notes: slices.Clone(data.Notes), Sheet: o.sheet.path}
	if r.Report, err = check.Of(data, prints, groups, level, by); err != nil {
		return err
	}
	o.data.adviseInverted(r.Report)
	part := func() (err error) {
		r.Splits, err = o.part(data, prints, groups)
		return err
	}
	if err := allOrNone(o.sheet.overwrite,
		toWrite{o.sheet.path, func() error { return writeCheckSheet(o.sheet.path, data, r.Report) }},
		toWrite{o.splits, part}); err != nil {
		return err
	}
	if err := o.show(out, r); err != nil {
		return err
	}
	if r.Splits != nil && r.Splits.left > 0 {
		return &skippedError{r.Splits.left}
	}
	return nil
}

// open opens the data, as mere images where it has no classes.
func (o checkOptions) open(ctx context.Context, out output) (*dataset.Dataset, error) {
	data, err := o.data.open(ctx, out)
	if !isA[*dataset.ClassesError](err) {
		return data, err
	}
	images, imagesErr := o.data.layout.openImages(o.data.path)
	if imagesErr != nil {
		return nil, err // says what a folder should hold
	}
	images.Notes = append(images.Notes, fmt.Sprintf("the pictures alone are looked at: %v", errors.Unwrap(err)))
	return images, nil
}

// compare returns the pairs of pictures that the model, if there is one, takes for one, and how far apart it
// sees images.
func (o checkOptions) compare(ctx context.Context, out output, data *dataset.Dataset, prints []copies.Print) (more []copies.Pair, by *check.Measure, err error) {
	if o.model.folder == "" {
		return nil, nil, nil
	}
	model, err := o.model.open(o.machine)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	m := modelled{model: model, reading: o.data.reading}
	if m.embeddings, err = embedReadable(ctx, out, model, data, prints, o.data.reading); err != nil {
		return nil, nil, err
	}
	distance := model.Distance()
	by = &check.Measure{By: "embedding", Knows: func(i int32) bool { return m.embeddings[i] != nil },
		Distance: func(a, b int32) float32 { return distance.Between(m.embeddings[a], m.embeddings[b]) }}
	if n := len(prints); n > modelPictures {
		out.say("note       copies are looked for without the model, which compares at most %s; there are %s", count(modelPictures, "picture"), commas(n))
		return nil, by, nil
	}
	more, _, err = m.pairs(ctx, out, prints, func(i int) (*image.NRGBA, error) {
		return decode.Open(data.Root, prints[i].Path, decode.DefaultLimits)
	})
	return more, by, err
}

// adviseInverted names the columns that turn an inverted list.
func (o dataOptions) adviseInverted(r *check.Report) {
	for i := range r.Findings {
		if r.Findings[i].Kind == check.Inverted {
			r.Findings[i].Mend = "if 1 means different in this list, say so: --columns " + turnedColumns(o.layout.columns)
		}
	}
}

// turnedColumns returns the --columns by which same and different change places.
func turnedColumns(columns string) string {
	turned := map[string]string{"same": "different", "different": "same"}
	var parts []string
	found := false
	for part := range strings.SplitSeq(columns, ",") {
		role, name, ok := strings.Cut(part, "=")
		if ok && turned[role] != "" {
			part, found = turned[role]+"="+name, true
		}
		if part != "" {
			parts = append(parts, part)
		}
	}
	if !found {
		parts = append(parts, "different=same")
	}
	return shellWord(strings.Join(parts, ","))
}

// part writes the data with new splits.
func (o checkOptions) part(data *dataset.Dataset, prints []copies.Print, groups []copies.Group) (*newSplits, error) {
	s, err := o.parts()
	if err != nil {
		return nil, err
	}
	before := len(data.Notes)
	if o.by == splitByTime {
		err = check.PartByTime(data, groups, s.Val, s.Test)
	} else {
		err = check.Part(data, groups, s)
	}
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	w := &newSplits{Out: o.splits, Images: map[string]int{}, Notes: data.Notes[before:]}
	if w.Format, err = data.WriteList(&text, func(i int32) bool { return prints[i].Fault == "" }); err != nil {
		return nil, err
	}
	for _, split := range data.Splits() {
		for _, i := range data.In(split).Images {
			if prints[i].Fault != "" {
				w.left++
			} else {
				w.Images[split.String()]++
			}
		}
	}
	if w.left > 0 {
		w.Notes = append(w.Notes, fmt.Sprintf("rows with %s that cannot be read are left out", count(w.left, "file")))
	}
	return w, aside.WriteFile(o.splits, text.Bytes())
}
