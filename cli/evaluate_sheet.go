package cli

import (
	"cmp"
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/sheet"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// sheetOptions say that examples are drawn.
type sheetOptions struct {
	path      string // PNG file; "": none
	overwrite bool
}

func (o *sheetOptions) addFlags(c *cli.Command, usage string) {
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "sheet", Destination: &o.path, Usage: usage},
		overwriteFlag(&o.overwrite))
}

// validate refuses a file that cannot be written, before anything is read.
func (o sheetOptions) validate() error {
	switch {
	case o.path == "":
		return nil
	case !strings.EqualFold(filepath.Ext(o.path), ".png"):
		return usagef("--sheet %q: want a name that ends in .png", o.path)
	}
	return cmp.Or(hasFolder("--sheet", o.path), unusedSheet("--sheet", o.path, o.overwrite))
}

// unusedSheet returns an error that names the flag where a file is in the way of a sheet.
func unusedSheet(flag, path string, overwrite bool) error {
	if err := aside.Unused(path, overwrite); err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

// sheetPairs is how many pairs of each kind a sheet shows.
const sheetPairs = 6

// kind is pairs that are the same or not, and are called so or not.
type kind struct {
	same, called bool
	title        string
}

var kinds = []kind{
	{false, true, "FALSE ACCEPTS: different, but called same; the nearest first"},
	{true, false, "FALSE REJECTS: same, but called different; the farthest first"},
	{true, true, "RIGHT: same, and called same; from near to far"},
	{false, false, "RIGHT: different, and called different; from near to far"},
}

// examples are the pairs of a report, to choose from.
type examples struct {
	evaluate.Answers
	threshold float64
	data      *dataset.Dataset
}

// writeSheet draws pairs of a report as a contact sheet.
func writeSheet(path, model string, data *dataset.Dataset, r *evaluate.Report) error {
	e := examples{r.Answers, r.Threshold.Value, data}
	rows := [][]sheet.Cell{{{Wide: true, Caption: fmt.Sprintf("%s on %s, %s: same where distance <= %.4g",
		model, data.Name, r.Split, e.threshold)}}}
	for _, k := range kinds {
		all := e.of(k)
		total := r.Same
		if !k.same {
			total = r.Different
		}
		rows = append(rows, []sheet.Cell{{Wide: true, Caption: fmt.Sprintf("\n%s (%s of %s pairs)", k.title,
			commas(len(all)), commas(total))}})
		row, err := e.row(k, e.choose(k, all))
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return sheet.Write(path, sheet.Draw(rows))
}

// of returns the pairs of a kind: wrong ones with the worst first, right ones from near
// to far.
func (e examples) of(k kind) []int {
	var list []int
	for i, d := range e.Distance {
		if called := float64(d) <= e.threshold; e.Same[i] == k.same && called == k.called {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(e.Distance[a], e.Distance[b]) })
	if k.same && !k.called {
		slices.Reverse(list)
	}
	return list
}

// choose returns some of the sorted pairs, no image twice as long as there are others: of
// wrong ones the first, of right ones from all over.
func (e examples) choose(k kind, sorted []int) []int {
	var list []int
	shown := map[int32]bool{}
	for slot := range sheetPairs {
		from := 0
		if k.same == k.called {
			from = slot * len(sorted) / sheetPairs
		}
		for _, i := range sorted[from:] {
			if !shown[e.Left[i]] && !shown[e.Right[i]] {
				shown[e.Left[i]], shown[e.Right[i]] = true, true
				list = append(list, i)
				break
			}
		}
	}
	return list
}

// row draws pairs of a kind.
func (e examples) row(k kind, pairs []int) ([]sheet.Cell, error) {
	frame := sheet.Wrong
	if k.same == k.called {
		frame = sheet.Right
	}
	row := []sheet.Cell{}
	for _, i := range pairs {
		cell := sheet.Cell{Frame: frame, Caption: fmt.Sprintf("distance %.4f", e.Distance[i])}
		var pictures [2]image.Image
		for side, at := range []int32{e.Left[i], e.Right[i]} {
			path := e.data.Images[e.Images[at]].Path
			img, err := decode.Open(e.data.Root, path, decode.DefaultLimits)
			if err != nil {
				return nil, err
			}
			pictures[side] = img
			cell.Caption += "\n" + path
		}
		cell.Image = sheet.Pair(pictures[0], pictures[1])
		row = append(row, cell)
	}
	if len(row) == 0 {
		row = append(row, sheet.Cell{Caption: "none"})
	}
	return row, nil
}
