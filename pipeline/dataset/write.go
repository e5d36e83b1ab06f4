package dataset

import (
	"io"
	"slices"
)

// WriteList writes the data as a list with the split of each row, and returns the format that reads
// it: that of the data's own list, or "labels" for class folders. Columns are those of Fix; class,
// coarse, group and time are written where the data has them, and rows of class folders that have no class
// are not; neither are rows with an image for which keep is false. Paths are relative to the data's images.
// Errors are those of w, or an *OptionsError where no list holds such data.
func (d *Dataset) WriteList(w io.Writer, keep func(image int32) bool) (format string, err error) {
	format = d.Format
	if format == "folders" {
		format = "labels"
	}
	columns := columnsOf[format]
	if columns == nil || format == "images" {
		return "", &OptionsError{Reason: "data of format " + d.Format + " has no splits that a list could hold"}
	}
	optional := map[string]bool{"class": d.Classes != nil, "coarse": d.Coarse != nil, "group": d.Groups != nil, "time": d.Times != nil}
	has := func(c column) bool {
		there, known := optional[c.name]
		return there || !known
	}
	_, err = d.writeRows(w, columns, has, func(row int) bool {
		return (format != "labels" || d.Images[row].Class >= 0) && !slices.ContainsFunc(d.rowImages(row), func(i int32) bool { return !keep(i) })
	})
	return format, err
}

// rowImages returns the images of a row of a list.
func (d *Dataset) rowImages(row int) []int32 {
	switch {
	case len(d.Triplets) > 0:
		t := d.Triplets[row]
		return []int32{t.Anchor, t.Positive, t.Negative}
	case len(d.Pairs) > 0:
		return []int32{d.Pairs[row].Left, d.Pairs[row].Right}
	case len(d.Matches) > 0:
		return []int32{d.Matches[row].Image, d.Matches[row].Label}
	}
	return []int32{int32(row)}
}
