package cli

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/regular"
)

// maxList is the size of a list of ids or of metadata, in bytes, at most.
const maxList = 64 << 20

// maxHead is that of the first line of metadata.
const maxHead = 64 << 10

// readLines returns the lines of a file that are not empty; none of "".
func readLines(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	file, _, err := regular.Open(path, maxList)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only
	var list []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if line := strings.TrimSuffix(lines.Text(), "\r"); line != "" {
			list = append(list, line)
		}
	}
	return list, lines.Err()
}

func metadataFlag(to *string) cli.Flag {
	return &cli.StringFlag{Name: "metadata", Destination: to,
		Usage: "CSV `FILE` whose column path names images; the other columns are stored beside them, and answers show them"}
}

// readMetadata returns the columns of a CSV file by the paths of images; nil of "".
func readMetadata(path string) (map[string]map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	file, _, err := regular.Open(path, maxList)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only
	b := bufio.NewReaderSize(file, maxHead)
	first, err := b.Peek(maxHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.IndexByte(first, 0) >= 0 || err == nil && bytes.IndexByte(first, '\n') < 0 {
		return nil, usagef("%s is no CSV file of columns with a header", path)
	}
	rows := csv.NewReader(b)
	head, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: the header: %w", path, err)
	}
	at := slices.Index(head, "path")
	if at < 0 {
		return nil, usagef("%s has %s, the first %.40q; one must be called path", path, count(len(head), "column"), head[0])
	}
	all := map[string]map[string]string{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		of := map[string]string{}
		for i, name := range head {
			if i != at && row[i] != "" {
				of[name] = row[i]
			}
		}
		if line, _ := rows.FieldPos(0); all[row[at]] != nil {
			return nil, usagef("%s:%d: path %q is there twice", path, line, row[at])
		}
		all[row[at]] = of
	}
}
