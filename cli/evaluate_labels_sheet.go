package cli

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/sheet"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// sheetPhotos is how many photos of each kind a sheet shows, a row each.
const sheetPhotos = 6

// labelExamples are photos and what they found, to choose from.
type labelExamples struct {
	evaluate.LabelAnswers
	data *dataset.Dataset
}

// writeLabelSheet draws photos with the label images that they found first.
func writeLabelSheet(path, model string, data *dataset.Dataset, r *evaluate.LabelReport) error {
	e := labelExamples{r.Answers, data}
	title := fmt.Sprintf("%s on %s, %s: a photo and the label images nearest to it", model, data.Name, r.Split)
	if r.None != nil {
		title += fmt.Sprintf("; none of these where the nearest is farther than %.4g", r.None.Above.Value)
	}
	rows := [][]sheet.Cell{{{Wide: true, Caption: title}}}
	for _, right := range []bool{false, true} {
		all := e.of(right)
		what := "WRONG: another label image is nearest; the nearest first"
		if right {
			what = "RIGHT: the photo's own label image is nearest; from near to far"
		}
		rows = append(rows, []sheet.Cell{{Wide: true, Caption: fmt.Sprintf("\n%s (%s of %s)", what,
			commas(len(all)), count(r.Images, "photo"))}})
		for _, q := range e.choose(all, right) {
			row, err := e.row(q)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
	}
	return sheet.Write(path, sheet.Draw(rows))
}

// of returns the photos whose nearest label image is theirs, or is not, from near to far.
func (e labelExamples) of(right bool) []int {
	var list []int
	for q, top := range e.Top {
		if (top[0] == e.Right[q]) == right {
			list = append(list, q)
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(e.Distance[a][0], e.Distance[b][0]) })
	return list
}

// choose returns some of the sorted photos, no two of one label image: of wrong ones the
// first, of right ones from all over.
func (e labelExamples) choose(sorted []int, right bool) []int {
	var list []int
	shown := map[int32]bool{}
	for slot := range sheetPhotos {
		from := 0
		if right {
			from = slot * len(sorted) / sheetPhotos
		}
		for _, q := range sorted[from:] {
			if !shown[e.Right[q]] {
				shown[e.Right[q]] = true
				list = append(list, q)
				break
			}
		}
	}
	return list
}

// row draws a photo and the label images that it found, right and wrong framed.
func (e labelExamples) row(q int) ([]sheet.Cell, error) {
	photo := e.data.Images[e.Photos[q]]
	img, err := decode.Open(e.data.Root, photo.Path, decode.DefaultLimits)
	if err != nil {
		return nil, err
	}
	row := []sheet.Cell{{Image: img, Caption: e.Images[e.Right[q]].Class + "\n" + photo.Path}}
	for i, at := range e.Top[q] {
		frame := sheet.Wrong
		if at == e.Right[q] {
			frame = sheet.Right
		}
		label := e.Images[at]
		cell := sheet.Cell{Frame: frame, Caption: fmt.Sprintf("distance %.4f\n%s", e.Distance[q][i], label.Class)}
		var why string
		if cell.Image, why, err = (pictures{places: []place{{root: e.data.Root}}}).open(label.Path, label.SHA256); err != nil {
			return nil, err
		}
		if why != "" {
			cell.Caption += "\n(" + why + ")" // one of the training's that the data does not have
		}
		row = append(row, cell)
	}
	return row, nil
}
