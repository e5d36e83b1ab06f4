package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/internal/sheet"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/check"
)

// show prints what was found, in one screen.
func (o checkOptions) show(out output, r checked) error {
	for _, note := range r.Notes {
		out.say("note       %s", note)
	}
	out.print("%-12s %s, %s", "pictures", count(r.Images, "file"), megabytes(r.Bytes))
	out.print("%-12s %s", "format", counts(r.Formats))
	out.print("%-12s %s%s", "colours", counts(r.Modes), turnedWords(r.Turned))
	if s := r.Sizes; s != nil {
		out.print("%-12s %s to %s pixels, the middle one %s", "size", size(s.Least), size(s.Most), size(s.Median))
	}
	showUnreadable(out, r.Unreadable)
	if c := r.Classes; c != nil {
		out.print("%-12s %s of %d to %s, the middle one %d", "classes", commas(c.Count), c.Least, count(c.Most, "picture"), c.Median)
	}
	if p := r.Pairs; p != nil {
		showPairs(out, p)
	}
	out.print("%-12s %s", "copies", copiesWords(r.Copies))
	if r.Splits != nil {
		out.print("%-12s wrote %s: %s", "splits", r.Splits.Out, splitWords(r.Splits.Images))
		for _, note := range r.Splits.Notes {
			out.say("note       %s", note)
		}
	}
	if len(r.Findings) == 0 {
		out.print("%-12s nothing to mend was found", "verdict")
	}
	for i, f := range r.Findings {
		lead := ""
		if i == 0 {
			lead = "verdict"
		}
		out.print("%-12s %s", lead, strings.Join(nonEmpty(string(f.Kind)+": "+f.Text, f.Mend), "; "))
	}
	if err := out.emit("summary", r); err != nil {
		return err
	}
	if r.Splits != nil {
		out.say("next: %s", commandLine{"tfpair", "train"}.with(given{"data", r.Splits.Out}, given{"images", o.data.images()}, given{"out", "RUN"}))
	}
	kinds, err := o.fails()
	if err != nil {
		return err
	}
	if failed := r.Fails(kinds); len(failed) > 0 {
		return &foundError{failed}
	}
	return nil
}

// showUnreadable prints the kinds of files that are no picture. One kind alone stands in the verdict.
func showUnreadable(out output, kinds []check.Unreadable) {
	if len(kinds) < 2 {
		return
	}
	const most = 5
	for i, u := range kinds[:min(most, len(kinds))] {
		lead := ""
		if i == 0 {
			lead = "unreadable"
		}
		out.print("%-12s %s as %q: %s", lead, count(u.Count, "file"), u.First, u.Reason)
	}
	if n := len(kinds) - most; n > 0 {
		out.print("%-12s and %s; --json names all", "", count(n, "other kind"))
	}
}

// showPairs prints what a list says.
func showPairs(out output, p *check.Pairs) {
	out.print("%-12s %s the same, %s different, in %s; the largest holds %.0f %% of the pairs", "pairs", commas(p.Same),
		commas(p.Different), count(p.Components, "set"), 100*p.Largest)
	if l := p.Likeness; l != nil {
		out.print("%-12s how often a same pair is closer than a different one, by %s: AUC %.2f (%.2f to %.2f; chance is 0.5)", "likeness", l.By, l.AUC,
			l.Interval.Low, l.Interval.High)
	}
	for _, e := range p.Look {
		out.print("%-12s %s  %s and %s (line %d)", "look at", answerWord(e.Same), e.Left, e.Right, e.Line)
	}
}

func answerWord(same bool) string {
	if same {
		return "same"
	}
	return "different"
}

// counts returns "JPEG 2,640, PNG 3".
func counts(list []check.Count) string {
	var words []string
	for _, c := range list {
		words = append(words, c.Name+" "+commas(c.Count))
	}
	return cmp.Or(strings.Join(words, ", "), "none that can be read")
}

func turnedWords(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %s turned as the file says", commas(n))
}

func size(s [2]int) string { return fmt.Sprintf("%d×%d", s[0], s[1]) }

// megabytes returns a size in bytes as people say it.
func megabytes(n int64) string {
	if n < 1<<20 {
		return kilobytes(n)
	}
	return fmt.Sprintf("%s MB", commas(int((n+1<<19)>>20)))
}

// copiesWords says how many copies of each kind there are.
func copiesWords(list []check.Copies) string {
	names := map[copies.Kind]string{copies.File: "of the same file", copies.Pixels: "of the same pixels",
		copies.Reencoded: "re-encoded, resized or recoloured", copies.Edited: "that look the same",
		copies.Resembles: "that the model takes for one"}
	var words []string
	for _, c := range list {
		if c.Count > 0 {
			words = append(words, commas(c.Count)+" "+names[c.Kind])
		}
	}
	return cmp.Or(strings.Join(words, ", "), "none")
}

// splitWords returns "train 80 images, val 10, test 10".
func splitWords(of map[string]int) string {
	var words []string
	for _, s := range []dataset.Split{dataset.Train, dataset.Val, dataset.Test} {
		if n := of[s.String()]; n > 0 {
			words = append(words, fmt.Sprintf("%s %s", s, count(n, "image")))
		}
	}
	return strings.Join(words, ", ")
}

// nonEmpty returns the words that say something.
func nonEmpty(words ...string) (list []string) {
	for _, w := range words {
		if w != "" {
			list = append(list, w)
		}
	}
	return list
}

// sheetLinks is how many links of a kind a sheet shows.
const sheetLinks = 20

// writeCheckSheet draws what is to be looked at: two pictures in a row.
func writeCheckSheet(path string, data *dataset.Dataset, r *check.Report) error {
	d := checkSheet{data: data}
	if err := errors.Join(d.links("COPIES OF ONE PICTURE THAT ARE SAID TO BE DIFFERENT", r.Conflicts),
		d.links("HELD OUT, AND A COPY IN ANOTHER SPLIT", r.Leaks)); err != nil {
		return err
	}
	if r.Pairs != nil {
		d.title("PAIRS TO LOOK AT: is what is called the same the same?")
		for _, e := range r.Pairs.Look {
			if err := d.row(e.Left, e.Right, fmt.Sprintf("%s (line %d)\n%s", answerWord(e.Same), e.Line, e.Left), e.Right); err != nil {
				return err
			}
		}
	}
	if len(d.rows) == 0 {
		d.title("nothing to look at was found")
	}
	return sheet.Write(path, sheet.Draw(d.rows))
}

// checkSheet is the rows of a sheet.
type checkSheet struct {
	data *dataset.Dataset
	rows [][]sheet.Cell
}

func (d *checkSheet) title(text string) {
	d.rows = append(d.rows, []sheet.Cell{{Wide: true, Caption: text}})
}

func (d *checkSheet) links(title string, list []check.Link) error {
	if len(list) == 0 {
		return nil
	}
	d.title(fmt.Sprintf("%s (%d of %d)", title, min(len(list), sheetLinks), len(list)))
	for _, l := range list[:min(len(list), sheetLinks)] {
		if err := d.row(l.Path, l.Of, strings.Join(nonEmpty(l.Split.String(), l.Class, l.Path), "\n"),
			strings.Join(nonEmpty(l.OfSplit.String(), l.OfClass, l.Of), "\n")); err != nil {
			return err
		}
	}
	return nil
}

// row draws two pictures.
func (d *checkSheet) row(left, right, leftCaption, rightCaption string) error {
	var row []sheet.Cell
	for _, c := range []struct{ path, caption string }{{left, leftCaption}, {right, rightCaption}} {
		cell, err := shownCell(d.data.Root, c.path, c.caption)
		if err != nil {
			return err
		}
		row = append(row, cell)
	}
	d.rows = append(d.rows, row)
	return nil
}

// shownCell is a place for a picture. One that cannot be read leaves it empty, and the caption says why. The error is
// that of decode.Shown.
func shownCell(root fs.FS, path, caption string) (c sheet.Cell, err error) {
	var why string
	c.Image, why, err = decode.Shown(root, path)
	if c.Caption = caption; why != "" {
		c.Caption += "\n(" + why + ")"
	}
	return c, err
}

// images returns where the images of the data lie: what --images names, the folder of a list, or the
// data itself.
func (o dataOptions) images() string {
	if o.layout.images != "" {
		return o.layout.images
	}
	info, err := os.Stat(o.path)
	if err == nil && !info.IsDir() && !dataset.IsArchive(o.path) {
		return filepath.Dir(o.path)
	}
	return o.path
}
