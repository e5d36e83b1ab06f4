package vectors

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/tfpair/tfpair/internal/named"
)

// csv is RFC 4180 with a header: path,embedding_space,e0,e1,… and a row per image. Each row ends
// with a line feed: what ends without one was cut, in the middle of a number perhaps.
var csv = named.Row[Format]{
	Brief: "CSV with the columns path, embedding_space, e0, e1, …",
	New: func(raw named.Raw) (Format, error) {
		return Format{write: writeCSV, read: readCSV}, named.Options(raw, &struct{}{})
	},
}

// csvHeader returns the names of the columns.
func csvHeader(dim int) []string {
	header := []string{"path", "embedding_space"}
	for i := range dim {
		header = append(header, "e"+strconv.Itoa(i))
	}
	return header
}

func writeCSV(w io.Writer, v *Vectors) error {
	c := stdcsv.NewWriter(w)
	if err := c.Write(csvHeader(v.Dim)); err != nil {
		return err
	}
	for i, path := range v.Paths {
		row := []string{path, v.Space}
		for _, x := range v.Row(i) {
			row = append(row, strconv.FormatFloat(float64(x), 'g', -1, 32))
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func readCSV(r io.Reader, _ int64) (*Vectors, error) {
	last := &csvLines{r: r}
	c := stdcsv.NewReader(last)
	c.ReuseRecord = true
	header, err := c.Read()
	if err != nil && err != io.EOF {
		return nil, err
	}
	dim := len(header) - 2
	if dim < 1 || !slices.Equal(header, csvHeader(dim)) {
		return nil, errors.New("want the columns path, embedding_space, e0, e1, …")
	}
	v := &Vectors{}
	for {
		row, err := c.Read()
		if err == io.EOF && len(v.Paths) > 0 && !last.ended() {
			return nil, fmt.Errorf("line %d does not end with a line feed: the file was cut there; copy it again, "+
				"or end it with an empty line if it is whole", len(v.Paths)+1)
		}
		if err == io.EOF {
			return v, nil
		}
		if err != nil {
			return nil, err
		}
		l := line{Path: row[0], Space: row[1], Embedding: make([]float32, dim)}
		for i, text := range row[2:] {
			x, err := strconv.ParseFloat(text, 32)
			if err != nil {
				return nil, fmt.Errorf("line %d, column e%d: %q is not a number", len(v.Paths)+2, i, text)
			}
			l.Embedding[i] = float32(x)
		}
		if err := v.add(l); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(v.Paths)+2, err)
		}
	}
}

// maxCSVLine is the length of a line in bytes: of more than 80,000 numbers.
const maxCSVLine = 2 << 20

// csvLines reads from r, and stops at a line that is too long to be held.
type csvLines struct {
	r       io.Reader
	pending int // bytes since the last line feed
}

// ended reports whether what was read ends with a line feed.
func (l *csvLines) ended() bool { return l.pending == 0 }

func (l *csvLines) Read(p []byte) (int, error) {
	if l.pending > maxCSVLine {
		return 0, fmt.Errorf("a line is longer than %d bytes", maxCSVLine)
	}
	n, err := l.r.Read(p)
	if at := bytes.LastIndexByte(p[:n], '\n'); at >= 0 {
		l.pending = n - at - 1
	} else {
		l.pending += n
	}
	return n, err
}
