package suspects

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/sheet"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// Write writes suspects as CSV: score, image, other, label, seems, line.
func Write(w io.Writer, list []Suspect) error {
	table := csv.NewWriter(w)
	rows := [][]string{{"score", "image", "other", "label", "seems", "line"}}
	for _, s := range list {
		line := ""
		if s.Line > 0 {
			line = strconv.Itoa(s.Line)
		}
		rows = append(rows, []string{strconv.FormatFloat(s.Score, 'f', 3, 64), s.Image, s.Other, s.Label, s.Seems, line})
	}
	return table.WriteAll(rows)
}

// Save writes suspects into a file, and draws the most doubtful ones into a PNG. Both appear whole.
func Save(d *dataset.Dataset, list []Suspect, file, png string) error {
	var text bytes.Buffer
	if err := Write(&text, list); err != nil {
		return err
	}
	if err := aside.WriteFile(file, text.Bytes()); err != nil {
		return err
	}
	rows, err := Sheet(d, list)
	if err != nil {
		return err
	}
	return sheet.Write(png, sheet.Draw(rows))
}

// onSheet is how many suspects a sheet shows.
const onSheet = 40

// Sheet returns the rows of a sheet: of the most doubtful suspects the picture, and the one that it seems to be
// the same as or, of a pair, the other one. The place of a picture that cannot be read is empty. Errors are those of decode.Shown.
func Sheet(d *dataset.Dataset, list []Suspect) (rows [][]sheet.Cell, err error) {
	shown := list[:min(len(list), onSheet)]
	rows = [][]sheet.Cell{{{Wide: true, Caption: fmt.Sprintf("LABELS THAT ARE PROBABLY WRONG (%d of %d)", len(shown), len(list))}}}
	for _, s := range shown {
		beside := "like this: " + s.Seems
		if s.Other != "" {
			beside = s.Other
		}
		left, err := cell(d, s.image, fmt.Sprintf("says %s\nseems %s\n%s", s.Label, s.Seems, s.Image))
		if err != nil {
			return nil, err
		}
		right, err := cell(d, s.near, beside)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []sheet.Cell{left, right})
	}
	return rows, nil
}

func cell(d *dataset.Dataset, image int32, caption string) (c sheet.Cell, err error) {
	var why string
	c.Image, why, err = decode.Shown(d.Root, d.Images[image].Path)
	if c.Caption = caption; why != "" {
		c.Caption += "\n(" + why + ")"
	}
	return c, err
}
