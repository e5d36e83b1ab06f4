package dataset

import (
	"encoding/csv"
	"errors"
	"io"
)

// WriteList writes the data as a list with the split of each row, and returns the format that reads
// it: that of the data's own list, or "labels" for class folders. Columns are those of Fix; class,
// coarse, group and time are written where the data has them, and rows of class folders that have no class
// are not. Paths are relative to the data's images. Errors are those of w, or an *OptionsError where
// no list holds such data.
func (d *Dataset) WriteList(w io.Writer) (format string, err error) {
	format = d.Format
	if format == "folders" {
		format = "labels"
	}
	columns := columnsOf[format]
	if columns == nil || format == "images" {
		return "", &OptionsError{Reason: "data of format " + d.Format + " has no splits that a list could hold"}
	}
	has := map[string]bool{"class": d.Classes != nil, "coarse": d.Coarse != nil, "group": d.Groups != nil, "time": d.Times != nil}
	var present []column
	var header []string
	for _, c := range columns {
		if wanted, optional := has[c.name]; wanted || !optional {
			present, header = append(present, c), append(header, c.name)
		}
	}
	table := csv.NewWriter(w)
	errs := []error{table.Write(header)}
	for i := range d.rowCount() {
		if format == "labels" && d.Images[i].Class < 0 {
			continue
		}
		var row []string
		for _, c := range present {
			row = append(row, c.value(d, i))
		}
		errs = append(errs, table.Write(row))
	}
	table.Flush()
	return format, errors.Join(append(errs, table.Error())...)
}
