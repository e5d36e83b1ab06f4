package dataset

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/pipeline/rows"
)

// Fixed is what Fix did to a list.
type Fixed struct {
	Format  string     // row of Table
	Rows    int        // written
	Dropped *ListError // rows that cannot be used; nil if there are none
	Notes   []string   // how the list was read, and what else was left out, one sentence each
}

// Fix reads the list that o names and writes its usable rows to w: UTF-8, commas, the
// format's own column names, labels 1 and 0, paths as they are on the disk, relative to
// where they were. The columns class, coarse, split and group are written where the list
// has them, others are left out. Where o declares columns and names lists for validation or test, which the
// declaration is for, too, columns keep their names and their places, and others are empty.
// Errors are those of Open, and of w. Where no row can be used the error is a *ListError and
// nothing is written.
func Fix(o Options, w io.Writer) (*Fixed, error) {
	beside := o.Val != "" || o.Test != ""
	o.Val, o.Test = "", ""
	d, s, err := open(o, true)
	if err != nil {
		return nil, err
	}
	defer d.Close() // read only
	if s.list == nil {
		return nil, &OptionsError{"a list is mended; data " + o.Data + " is a folder or an archive"}
	}
	f := &Fixed{Format: d.Format, Notes: d.Notes}
	if s.list.bad.Bad > 0 {
		f.Dropped = &s.list.bad
	}
	if !slices.ContainsFunc(d.lines(), func(line int) bool { return !s.list.bad.at[line] }) {
		s.list.lenient = false
		if err := s.list.err(); err != nil {
			return nil, err
		}
		return nil, &Error{"data", o.Data, errors.New("no row can be used, so there is nothing to write")}
	}
	columns := columnsOf[d.Format]
	if beside && len(o.Columns) > 0 {
		columns = s.inPlace(columns)
	}
	f.Rows, err = s.write(d, columns, w)
	return f, err
}

// lines returns the line that each row of a list for d came from.
func (d *Dataset) lines() []int {
	lines := make([]int, d.rowCount())
	for i := range lines {
		lines[i] = d.lineOf(i)
	}
	return lines
}

// write writes the rows of d that can be used, and returns how many it wrote.
func (s *source) write(d *Dataset, columns []column, w io.Writer) (int, error) {
	has := func(c column) bool {
		_, ok := s.columns[c.name]
		return ok || c.name == "same" || c.placed
	}
	return d.writeRows(w, columns, has, func(row int) bool { return !s.list.bad.at[d.lineOf(row)] })
}

// inPlace returns the columns of the list under the names and in the order that it has them. Without a
// header they are called what they are for; those that nothing reads are empty.
func (s *source) inPlace(columns []column) []column {
	placed := make([]column, len(s.list.header))
	for i, name := range s.list.header {
		if placed[i] = (column{name: name, value: func(*Dataset, int) string { return "" }, placed: true}); s.list.headless {
			placed[i].name = fmt.Sprintf("column%d", i+1)
		}
	}
	for _, c := range columns {
		at, ok := s.columns[c.name]
		if c.name == "same" && !ok { // the list declares the opposite
			same := c.value
			c.name = "different"
			c.value = func(d *Dataset, i int) string { return map[string]string{"1": "0", "0": "1"}[same(d, i)] }
			at, ok = s.columns[c.name]
		}
		if !ok {
			continue
		}
		placed[at].value = c.value
		if s.list.headless {
			placed[at].name = c.name
		}
	}
	return placed
}

// writeRows writes a header and the rows that are wanted, in those of columns that the data has. It
// returns how many rows it wrote.
func (d *Dataset) writeRows(w io.Writer, columns []column, has func(column) bool, wanted func(row int) bool) (int, error) {
	var present []column
	var header []string
	for _, c := range columns {
		if has(c) {
			present, header = append(present, c), append(header, c.name)
		}
	}
	if err := writeRow(w, header); err != nil {
		return 0, err
	}
	written := 0
	for i := range d.rowCount() {
		if !wanted(i) {
			continue
		}
		row := make([]string, len(present))
		for k, c := range present {
			row[k] = c.value(d, i)
		}
		if err := writeRow(w, row); err != nil {
			return written, err
		}
		written++
	}
	return written, nil
}

// writeRow writes one row such that a reader of lists gets the same fields. What it would read otherwise is
// refused: a row is one line, and spaces around fields count for nothing.
func writeRow(w io.Writer, fields []string) error {
	for _, f := range fields {
		if strings.ContainsAny(f, "\r\n") || strings.TrimSpace(f) != f {
			return &OptionsError{Reason: fmt.Sprintf("%q has ends of lines or spaces around it, which no list can hold; rename it", f)}
		}
	}
	written := make([]string, len(fields))
	for i, f := range fields {
		written[i] = f
		if strings.ContainsAny(f, "\",") || rows.Bare(f) != f || strings.HasPrefix(f, "#") { // a comment, without quotes
			written[i] = `"` + strings.ReplaceAll(f, `"`, `""`) + `"`
		}
	}
	_, err := io.WriteString(w, strings.Join(written, ",")+"\n")
	return err
}

// column is how a column of a list is written.
type column struct {
	name   string
	value  func(d *Dataset, row int) string
	placed bool // it is written whatever it is for
}

// columnsOf are the columns of the formats that read lists, in their order.
var columnsOf = map[string][]column{
	"pairs": {
		{name: "left", value: func(d *Dataset, i int) string { return d.Images[d.Pairs[i].Left].Path }},
		{name: "right", value: func(d *Dataset, i int) string { return d.Images[d.Pairs[i].Right].Path }},
		{name: "same", value: func(d *Dataset, i int) string { return map[bool]string{true: "1", false: "0"}[d.Pairs[i].Same] }},
		{name: "split", value: func(d *Dataset, i int) string { return d.Pairs[i].Split.String() }},
		{name: "group", value: func(d *Dataset, i int) string { return d.groupName(d.Pairs[i].Left) }},
	},
	"triplets": {
		{name: "anchor", value: func(d *Dataset, i int) string { return d.Images[d.Triplets[i].Anchor].Path }},
		{name: "positive", value: func(d *Dataset, i int) string { return d.Images[d.Triplets[i].Positive].Path }},
		{name: "negative", value: func(d *Dataset, i int) string { return d.Images[d.Triplets[i].Negative].Path }},
		{name: "split", value: func(d *Dataset, i int) string { return d.Triplets[i].Split.String() }},
		{name: "group", value: func(d *Dataset, i int) string { return d.groupName(d.Triplets[i].Anchor) }},
	},
	"image-label": {
		{name: "image", value: func(d *Dataset, i int) string { return d.Images[d.Matches[i].Image].Path }},
		{name: "label_image", value: func(d *Dataset, i int) string { return d.Images[d.Matches[i].Label].Path }},
		{name: "class", value: func(d *Dataset, i int) string { return d.Classes[d.Images[d.Matches[i].Image].Class] }},
		{name: "coarse", value: func(d *Dataset, i int) string { return d.Coarse[d.CoarseOf[d.Images[d.Matches[i].Image].Class]] }},
		{name: "split", value: func(d *Dataset, i int) string { return d.Matches[i].Split.String() }},
		{name: "group", value: func(d *Dataset, i int) string { return d.groupName(d.Matches[i].Image) }},
		{name: "time", value: func(d *Dataset, i int) string { return d.time(d.Matches[i].Image) }},
	},
	"labels": {
		{name: "image", value: func(d *Dataset, i int) string { return d.Images[i].Path }},
		{name: "class", value: func(d *Dataset, i int) string { return d.className(int32(i)) }},
		{name: "split", value: func(d *Dataset, i int) string { return d.Images[i].Split.String() }},
		{name: "group", value: func(d *Dataset, i int) string { return d.groupName(int32(i)) }},
		{name: "time", value: func(d *Dataset, i int) string { return d.time(int32(i)) }},
	},
	"images": {
		{name: "image", value: func(d *Dataset, i int) string { return d.Images[i].Path }},
		{name: "group", value: func(d *Dataset, i int) string { return d.groupName(int32(i)) }},
	},
}

// className returns the class of an image, "" where it has none.
func (d *Dataset) className(image int32) string {
	if c := d.Images[image].Class; c >= 0 {
		return d.Classes[c]
	}
	return ""
}

// time returns when an image was taken, "" where the data does not say.
func (d *Dataset) time(image int32) string {
	if d.Times == nil {
		return ""
	}
	return d.Times[image]
}

// groupName returns the name of the group of an image, "" where it has none.
func (d *Dataset) groupName(image int32) string {
	if d.GroupOf == nil || d.GroupOf[image] < 0 {
		return ""
	}
	return d.Groups[d.GroupOf[image]]
}

// rowCount returns how many rows of a list stand for d.
func (d *Dataset) rowCount() int {
	switch {
	case len(d.Triplets) > 0:
		return len(d.Triplets)
	case len(d.Pairs) > 0:
		return len(d.Pairs)
	case len(d.Matches) > 0:
		return len(d.Matches)
	}
	return len(d.Images)
}

// lineOf returns the line that a row of a list came from, 0 where that is not known.
func (d *Dataset) lineOf(row int) int {
	switch {
	case len(d.Triplets) > 0:
		return int(d.Triplets[row].Line)
	case len(d.Pairs) > 0:
		return int(d.Pairs[row].Line)
	case len(d.Matches) > 0:
		return d.Matches[row].Line
	}
	return 0
}
